"""Store: a data set on disk, opened for reading."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from reverie.core.episode import Episode
from reverie.core.world import Factor
from reverie.data.cache import digest, map_frames
from reverie.data.chunks import check_sizes, iterate_rows, read_rows
from reverie.data.manifest import Manifest, read_text
from reverie.data.manifest_reader import parse_manifest


def open_data(path: Path | str) -> "DataSet":
    """The data set in a folder, complete or not: all its committed episodes.

    Raises WrongInput when there is none, its manifest cannot be used, or a chunk is missing or cut off. What
    the chunks hold is compared with their checksums when they are read.
    """
    folder = Path(path)
    text = read_text(folder)
    manifest = parse_manifest(folder, text)
    check_sizes(folder, manifest)
    return DataSet(folder, manifest, digest(text))


class DataSet:
    """Episodes by index, and all their frames side by side for training."""

    def __init__(self, path: Path, manifest: Manifest, fingerprint: str) -> None:
        self.path = path
        self.manifest = manifest
        self.fingerprint = fingerprint
        """Checksum of the manifest, which lists the checksums of everything else."""

    def __len__(self) -> int:
        """Number of committed episodes."""
        return len(self.manifest.episodes)

    def __iter__(self) -> Iterator[Episode]:
        """All episodes in order."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Episode:
        """One episode, decoded from the archive and checked."""
        entry = self.manifest.episodes[index]
        read = {spec.name: self._read(spec.name, entry.rows) for spec in self.manifest.specs}
        nothing = np.zeros((entry.steps + 1, 0), dtype=np.float32)
        return Episode(
            rewards=read["rewards"][:-1],
            frames=read["frames"],
            actions=read["actions"][:-1],
            ending=entry.ending,
            factors=read.get("factors", nothing),
            visible=read["visible"],
        )

    @property
    def origin(self) -> dict[str, Any] | None:
        """What its episodes follow from, as JSON values: the world, the policy and the seed; None for images.

        Neither how often, how large and how long it was looked at, nor the versions of packages.
        """
        source = self.manifest.source
        world = source.get("world")
        if not isinstance(world, dict):
            return None
        played = {name: world.get(name) for name in ("env", "scenes", "options")}
        return {"world": played, "policy": source.get("policy"), "seed": source.get("seed")}

    @property
    def env(self) -> str | None:
        """Id of the environment that it shows; None for images."""
        origin = self.origin
        return None if origin is None else str(origin["world"]["env"])

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What the simulator truly knew, with units."""
        return self.manifest.factors

    @property
    def factor_names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(factor.name for factor in self.manifest.factors)

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """Channel, height, width: the order of networks."""
        height, width, channel = self.manifest.frame_shape
        return channel, height, width

    @property
    def frame_count(self) -> int:
        """Frames of all episodes."""
        return self.manifest.rows

    @cached_property
    def pixels(self) -> UInt8[np.ndarray, "frame height width channel"]:
        """All frames as bytes, memory-mapped: reading a few brings only these into memory."""
        return map_frames(self.path, self.manifest, self.fingerprint)

    @cached_property
    def truth(self) -> Float32[np.ndarray, "frame factor"]:
        """The factors of every frame."""
        if not self.factors:
            return np.zeros((self.frame_count, 0), dtype=np.float32)
        return self._whole("factors")

    @cached_property
    def visible(self) -> Bool[np.ndarray, " frame"]:
        """Which frames show what their factors say."""
        return self._whole("visible")

    @cached_property
    def actions(self) -> Int64[np.ndarray, " frame"] | Float32[np.ndarray, "frame action"]:
        """The action taken in front of every frame; zeros in front of an episode's last."""
        return self._whole("actions")

    @cached_property
    def rewards(self) -> Float32[np.ndarray, " frame"]:
        """The reward of the step after every frame; 0 after an episode's last."""
        return self._whole("rewards")

    @cached_property
    def episode_of(self) -> Int64[np.ndarray, " frame"]:
        """The episode that each frame belongs to."""
        lengths = [entry.steps + 1 for entry in self.manifest.episodes]
        return np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)

    def _read(self, name: str, rows: slice) -> np.ndarray:
        return read_rows(self.path, self.manifest, self.manifest.spec(name), rows)

    def _whole(self, name: str) -> np.ndarray:
        spec = self.manifest.spec(name)
        whole = np.empty((self.frame_count, *spec.tail), dtype=spec.dtype)
        start = 0
        for rows in iterate_rows(self.path, self.manifest, spec):
            whole[start : start + len(rows)] = rows
            start += len(rows)
        return whole
