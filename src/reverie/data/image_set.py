"""Image sets: images with exact factors, drawn by a rule or read from a file, as data sets."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from reverie.core.config import Config, to_json
from reverie.core.console import Console
from reverie.core.episode import Episode
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.family import word_of
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace, Factor
from reverie.data.archive import create_archive
from reverie.data.manifest import Manifest

Frames = UInt8[np.ndarray, "image height width channel"]
Truth = Float32[np.ndarray, "image factor"]
Draw = Callable[[Int64[np.ndarray, " image"]], tuple[Frames, Truth]]

BLOCK = 1000
"""Images that are drawn at once."""
CHUNK_BYTES = 1 << 22
MOST_EPISODES = 10_000
"""Beyond so many images an episode holds several, drawn at random, so that manifests stay small."""


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Images known by their numbers."""

    frame_shape: tuple[int, int, int]
    """Height, width, channel."""
    factors: tuple[Factor, ...]
    total: int | None
    """How many there are; None where there is always another."""
    draw: Draw
    """The images with these numbers, and their factors."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the manifest says besides the fields of the config."""


@dataclass(frozen=True, kw_only=True)
class SetConfig(Config, ABC):
    """What describes a set of images; its file's name is its word."""

    count: int = 0
    """Number of images, drawn without replacement; 0 makes all of them."""
    seed: int = 0
    """Which images are drawn, and in which order."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        self.check_not_negative("count", "seed")

    @abstractmethod
    def build(self) -> ImageSet:
        """The images that are drawn from."""


def make_set(config: SetConfig, folder: Path, console: Console) -> Manifest:
    """Make a data set of the images that a config describes, in random order.

    Every image is an episode of one frame; beyond 10 000 images an episode is a handful of them, drawn at
    random: splits and intervals by episode are splits of images. Memory does not grow with their number.
    Raises WrongInput when there are not so many images, or `folder` exists.
    """
    images = config.build()
    numbers = _numbers(config, images)
    return write_whole(folder, _manifest(config, images), _drawn(images, numbers, folder, console))


def write_whole(folder: Path, manifest: Manifest, episodes: Iterable[Episode]) -> Manifest:
    """A new data set of these episodes; when anything fails, nothing is left of it."""
    writer = create_archive(folder, manifest, job=None)
    try:
        for episode in episodes:
            writer.append(episode)
        return writer.finish()
    except BaseException as error:
        writer.abandon()
        shutil.rmtree(folder, ignore_errors=True)  # half a set would pass for a whole one
        if isinstance(error, OSError):
            reason = f"cannot write to {folder}: {error.strerror}; free space and make it again"
            raise BrokeWhileWorking(reason) from error
        raise


def chunk_of(frame_shape: tuple[int, int, int]) -> int:
    """Frames in a chunk of a set: more than of recordings, for there are no long episodes to be read."""
    return max(1, min(BLOCK, CHUNK_BYTES // int(np.prod(frame_shape))))


def _numbers(config: SetConfig, images: ImageSet) -> Int64[np.ndarray, " image"]:
    """The images to make, in random order where there is an end of them."""
    if images.total is None:
        return np.arange(config.count, dtype=np.int64)
    if config.count > images.total:
        raise WrongInput(
            f"{word_of(config)} has {images.total} images, so {config.count} cannot be drawn without "
            f"repeating one; ask for at most --count {images.total}"
        )
    order = numpy_generator(config.seed, "order").permutation(images.total)
    return order[: config.count or images.total].astype(np.int64)


def _drawn(
    images: ImageSet, numbers: Int64[np.ndarray, " image"], folder: Path, console: Console
) -> Iterator[Episode]:
    each = -(-len(numbers) // MOST_EPISODES)
    step = BLOCK // each * each
    with console.track(f"make {folder}", len(numbers)) as tracker:
        for start in range(0, len(numbers), step):
            frames, truth = images.draw(numbers[start : start + step])
            yield from _episodes(frames, truth, each)
            tracker.advance(len(frames))


def _episodes(frames: Frames, truth: Truth, each: int) -> Iterator[Episode]:
    """Handfuls of images as episodes in which nothing is done."""
    for start in range(0, len(frames), each):
        seen = frames[start : start + each]
        yield Episode(
            rewards=np.zeros(len(seen) - 1, dtype=np.float32),
            frames=seen,
            actions=np.zeros(len(seen) - 1, dtype=np.int64),
            ending="unfinished",
            factors=truth[start : start + each],
            visible=np.ones(len(seen), dtype=bool),
        )


def _manifest(config: SetConfig, images: ImageSet) -> Manifest:
    # Where a file lay on this machine says nothing about the images.
    fields = {name: value for name, value in vars(config).items() if not isinstance(value, Path)}
    source = {"set": {"word": word_of(config), **to_json(fields)}, **images.about}
    return Manifest(
        source=source,
        frame_shape=images.frame_shape,
        action_space=ActionSpace(count=1),
        factors=images.factors,
        chunk=chunk_of(images.frame_shape),
        files={},
    )
