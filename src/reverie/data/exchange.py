"""Exchange: what a file in `formats/` defines, and how recordings leave and come in whole."""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from reverie.core.config import Config
from reverie.core.console import QUIET, Console
from reverie.core.episode import Episode
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.run import check_free
from reverie.data.archive import create_archive
from reverie.data.layout import chunk_frames
from reverie.data.manifest import Manifest
from reverie.data.store import DataSet

LARGEST = 4096
"""Largest side, in pixels, that frames are scaled to."""

LARGEST_EPISODE = 1 << 32
"""Bytes of the frames of the longest episode that is read."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """How an environment plays the recorded actions again, for formats that can tell."""

    spec: Any
    """Gymnasium's EnvSpec of the environment."""
    seeds: Sequence[int]
    """What to reset the environment with, one for each episode."""
    first_action: int = 0
    """What the environment calls the action that is recorded as 0."""


@dataclass(frozen=True)
class Passport:
    """What recordings take with them that the data set itself does not say."""

    name: str
    """Name of the folder that they will be in."""
    replay: Replay | None
    """How they can be played again; None where they cannot."""


@dataclass(frozen=True, kw_only=True)
class FormatConfig(Config, ABC):
    """One exchange format; its file's name is its word."""

    replays: ClassVar[bool] = False
    """Whether it has a place for how recordings are played again."""

    @abstractmethod
    def recognises(self, folder: Path) -> bool:
        """Whether the folder looks like this format."""

    @abstractmethod
    def write(self, data: DataSet, folder: Path, passport: Passport, console: Console = QUIET) -> None:
        """Fill an empty folder with the episodes of a data set."""

    @abstractmethod
    def read(self, folder: Path) -> "Recordings":
        """What the folder holds; nothing in it is trusted. WrongInput for what cannot be."""

    def check_data(self, data: DataSet) -> None:
        """Refuse, before anything is written, recordings that the format has no place for."""
        return

    def check_place(self, folder: Path) -> None:
        """Refuse a place whose name the format cannot use."""
        check_free(folder)


@dataclass(frozen=True)
class Recordings:
    """A manifest without episodes, and the episodes that belong to it, read one after the other."""

    manifest: Manifest
    count: int
    """How many episodes there are."""
    episodes: Callable[[], Iterable[Episode]]


def import_recordings(found: Recordings, data: Path, size: int, console: Console) -> Manifest:
    """Make a data set of recordings, scaled to `size` by `size`; 0 keeps their own size.

    Leaves nothing behind when an episode cannot be read (WrongInput) or the disk is full.
    """
    if not 0 <= size <= LARGEST:
        raise WrongInput(f"size must be from 0 to {LARGEST} pixels, got {size}")
    try:
        writer = create_archive(data, _scaled_manifest(found.manifest, size), job=None)
    except OSError as error:
        raise WrongInput(f"cannot write to {data}: {error.strerror}; choose another folder") from None
    try:
        with console.track(f"import into {data}", found.count) as tracker:
            for episode in found.episodes():
                _check_actions(episode, found.manifest)
                writer.append(replace(episode, frames=_scaled(episode.frames, size)))
                tracker.advance(note=f"{writer.frames} frames")
        return writer.finish()
    except BaseException as error:
        writer.abandon()
        shutil.rmtree(data, ignore_errors=True)  # half of a recording would pass for a whole one
        if isinstance(error, OSError):
            raise _full(data, error, "import") from error
        raise


def check_length(place: Path, steps: int, manifest: Manifest) -> None:
    """Refuse an episode whose frames would not fit into memory, before any of them is read."""
    size = (steps + 1) * manifest.spec("frames").row_bytes
    if size > LARGEST_EPISODE:
        raise WrongInput(
            f"{place} declares an episode of {steps} steps, {size} bytes of frames; cut it in pieces"
        )


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder that is filled under another name beside it and renamed into place when it is whole."""
    check_free(folder)
    cradle = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        cradle.mkdir(parents=True)
        yield cradle
        if folder.is_dir():
            folder.rmdir()
        cradle.rename(folder)
    except OSError as error:
        raise _full(folder, error, "export") from error
    finally:
        shutil.rmtree(cradle, ignore_errors=True)


def _check_actions(episode: Episode, manifest: Manifest) -> None:
    count = manifest.action_space.count
    if (
        count is not None
        and len(episode)
        and not (0 <= episode.actions.min() <= episode.actions.max() < count)
    ):
        top = f"{episode.actions.min()} to {episode.actions.max()}"
        raise WrongInput(
            f"the actions of an episode go from {top}, but {count} are declared; repair the recordings"
        )


def _full(place: Path, error: OSError, verb: str) -> BrokeWhileWorking:
    reason = error.strerror or error
    return BrokeWhileWorking(
        f"cannot write to {place}: {reason}; free space or choose another place, and {verb} again"
    )


def _scaled_manifest(manifest: Manifest, size: int) -> Manifest:
    if not size:
        return manifest
    chain: Mapping[str, Any] = {"imported": f"Pillow BOX to {size} x {size}"}
    shape = (size, size, manifest.frame_shape[2])
    return replace(
        manifest, frame_shape=shape, chunk=chunk_frames(shape), source={**manifest.source, **chain}
    )


def _scaled(
    frames: UInt8[np.ndarray, "frame height width channel"], size: int
) -> UInt8[np.ndarray, "frame row column channel"]:
    if not size or frames.shape[1:3] == (size, size):
        return frames
    scaled = [np.asarray(picture(frame).resize((size, size), Image.Resampling.BOX)) for frame in frames]
    return np.stack(scaled).reshape(len(frames), size, size, frames.shape[3])


def picture(frame: UInt8[np.ndarray, "height width channel"]) -> Image.Image:
    """A frame of one to four channels as grey, grey with alpha, RGB or RGBA."""
    return Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else np.ascontiguousarray(frame))
