"""Reading a manifest that anybody may have written: every value is checked before it is used."""

import json
import re
from math import prod
from pathlib import Path
from typing import Any, NoReturn, get_args

import numpy as np

from reverie.core.episode import Ending
from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace, Factor
from reverie.data.layout import ARCHIVE, LARGEST_CHUNK
from reverie.data.manifest import FORMAT, NAME, EpisodeEntry, FileEntry, Manifest, read_text

KEYS = {
    "format",
    "complete",
    "source",
    "frame_shape",
    "actions",
    "factors",
    "chunk",
    "episodes",
    "files",
    "digest",
}
LARGEST_SIDE = 1 << 14
MOST_FACTORS = 1 << 14
MOST_CHANNELS = 64
_PATH = re.compile(rf"job\.json|{ARCHIVE}/(zarr\.json|[a-z]+/(zarr\.json|c/\d+(/0)*))")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a data set, every value checked, and the chunks that it needs found among its files.

    Raises WrongInput, in one sentence that names the folder, for anything that does not fit.
    """
    return parse_manifest(folder, read_text(folder))


def parse_manifest(folder: Path, text: bytes) -> Manifest:
    """The manifest that `text` is, checked in itself; `folder` is named in errors and not looked at."""
    return _Reader(folder).read(text)


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, text: bytes) -> Manifest:
        try:
            content = json.loads(text)
        except (UnicodeDecodeError, ValueError, RecursionError):
            self._refuse("it is not JSON")
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            self._refuse(f"its format is not {FORMAT!r}")
        if content.keys() != KEYS:
            odd = sorted(content.keys() ^ KEYS)[0]
            self._refuse(f"key {odd!r} is {'unknown' if odd in content else 'missing'}")
        manifest = Manifest(
            source=self._object(content["source"], "source"),
            frame_shape=self._frame_shape(content["frame_shape"]),
            action_space=self._action_space(content["actions"]),
            factors=self._factors(content["factors"]),
            chunk=self._whole(content["chunk"], "chunk", 1, 1 << 20),
            complete=content["complete"] is True,
            episodes=self._episodes(content["episodes"]),
            files=self._files(content["files"]),
        )
        self._check_chunks(manifest)
        return manifest

    def _check_chunks(self, manifest: Manifest) -> None:
        """Refuse what memory could not hold, or what the files cannot contain."""
        for spec in manifest.specs:
            if manifest.chunk * spec.row_bytes > LARGEST_CHUNK:
                self._refuse(f"a chunk of {spec.name} would take {manifest.chunk * spec.row_bytes} bytes")
            if manifest.chunks() > len(manifest.files):
                self._refuse(f"{manifest.rows} frames need {manifest.chunks()} chunks of {spec.name}")
            for index in range(manifest.chunks()):
                if spec.chunk_path(index) not in manifest.files:
                    self._refuse(f"it needs {spec.chunk_path(index)}, which is not among its files")

    def _frame_shape(self, value: Any) -> tuple[int, int, int]:
        if not isinstance(value, list) or len(value) != 3:
            self._refuse("frame_shape must be [height, width, channel]")
        height, width = (self._whole(side, "frame_shape", 1, LARGEST_SIDE) for side in value[:2])
        channel = self._whole(value[2], "channel", 1, MOST_CHANNELS)
        if prod((height, width, channel)) > LARGEST_CHUNK:
            self._refuse(f"frames of {height} x {width} are too large")
        return height, width, channel

    def _action_space(self, value: Any) -> ActionSpace:
        value = self._object(value, "actions")
        if value.keys() == {"count"}:
            return ActionSpace(count=self._whole(value["count"], "actions", 1, 1 << 40))
        if value.keys() != {"low", "high"}:
            self._refuse("actions must have 'count', or 'low' and 'high'")
        low, high = (self._bounds(value[name]) for name in ("low", "high"))
        if len(low) != len(high) or not len(low):
            self._refuse("actions must have as many low as high bounds")
        return ActionSpace(count=None, low=low, high=high)

    def _bounds(self, value: Any) -> np.ndarray:
        numbers = isinstance(value, list) and all(type(number) in (int, float) for number in value)
        if not numbers or len(value) > MOST_FACTORS:
            self._refuse("bounds of actions must be a list of numbers")
        with np.errstate(over="ignore"):
            return np.array(value, dtype=np.float64).astype(np.float32)

    def _factors(self, value: Any) -> tuple[Factor, ...]:
        if not isinstance(value, list) or len(value) > MOST_FACTORS:
            self._refuse("factors must be a list of names and units")
        found = []
        for factor in value:
            if not isinstance(factor, dict) or factor.keys() != {"name", "unit"}:
                self._refuse(f"factor {len(found)} must have 'name' and 'unit'")
            found.append(Factor(self._text(factor["name"], "factor"), self._text(factor["unit"], "unit")))
        if len({factor.name for factor in found}) != len(found):
            self._refuse("two factors have one name")
        return tuple(found)

    def _episodes(self, value: Any) -> tuple[EpisodeEntry, ...]:
        if not isinstance(value, list):
            self._refuse("episodes must be a list")
        entries: list[EpisodeEntry] = []
        start = 0
        for index, entry in enumerate(value):
            name = f"episode {index}"
            if not isinstance(entry, list) or len(entry) != 3 or entry[2] not in get_args(Ending):
                self._refuse(f"{name} must be [start, steps, ending]")
            if self._whole(entry[0], name, 0, 1 << 40) != start:
                self._refuse(f"{name} must start at frame {start}")
            entries.append(EpisodeEntry(start, self._whole(entry[1], name, 0, 1 << 40), entry[2]))
            start = entries[-1].rows.stop
        return tuple(entries)

    def _files(self, value: Any) -> dict[str, FileEntry]:
        found = {}
        for path, entry in self._object(value, "files").items():
            if not _PATH.fullmatch(path):
                self._refuse(f"{path!r} is no path of a data set")
            whole = isinstance(entry, list) and len(entry) == 2
            if not whole or not _SHA256.fullmatch(self._text(entry[1], path)):
                self._refuse(f"file {path} must be [size, sha256]")
            found[path] = FileEntry(self._whole(entry[0], path, 0, 1 << 50), entry[1])
        return found

    def _object(self, value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse(f"{name} must be an object")
        return value

    def _text(self, value: Any, name: str) -> str:
        if not isinstance(value, str) or len(value) > 1000:
            self._refuse(f"{name} must be a short text")
        return value

    def _whole(self, value: Any, name: str, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            self._refuse(f"{name} must be a whole number from {low} to {high}, got {str(value)[:40]}")
        return value

    def _refuse(self, reason: str) -> NoReturn:
        raise WrongInput(f"the manifest of {self._folder} cannot be used: {reason} ({NAME})")
