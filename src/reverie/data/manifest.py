"""Manifest: the only truth about a data set; written whole, read with suspicion."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reverie.core.config import to_json
from reverie.core.episode import Ending
from reverie.core.errors import WrongInput
from reverie.core.files import write_bytes
from reverie.core.world import ActionSpace, Factor
from reverie.data.layout import ArraySpec, array_specs

NAME = "manifest.json"
FORMAT = "reverie-data 1"
LARGEST = 1 << 29
"""Bytes of the largest manifest that is read."""
_DIGEST = b',\n "digest": "'


@dataclass(frozen=True)
class EpisodeEntry:
    """Where one episode lies: `steps + 1` rows from `start`."""

    start: int
    steps: int
    ending: Ending

    @property
    def rows(self) -> slice:
        """Its rows in the arrays."""
        return slice(self.start, self.start + self.steps + 1)


@dataclass(frozen=True)
class FileEntry:
    """What a file of the data set must be."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a data set holds and where it comes from."""

    source: Mapping[str, Any]
    """Where the frames come from: the world, the policy, the seed, the cut; or a folder of images."""
    frame_shape: tuple[int, int, int]
    """Height, width, channel."""
    action_space: ActionSpace
    factors: tuple[Factor, ...]
    chunk: int
    """Frames in a chunk."""
    complete: bool = False
    """Whether all planned episodes are there."""
    episodes: tuple[EpisodeEntry, ...] = ()
    files: Mapping[str, FileEntry]
    """Every file by its path inside the data set."""

    @cached_property
    def rows(self) -> int:
        """Frames of all committed episodes."""
        return self.episodes[-1].rows.stop if self.episodes else 0

    @cached_property
    def specs(self) -> tuple[ArraySpec, ...]:
        """The arrays of the archive."""
        return array_specs(self.frame_shape, self.action_space, len(self.factors))

    def spec(self, name: str) -> ArraySpec:
        """One array of the archive."""
        return next(spec for spec in self.specs if spec.name == name)

    def chunks(self) -> int:
        """Chunks of each array that hold committed episodes."""
        return -(-self.rows // self.chunk)

    def with_episodes(
        self, episodes: tuple[EpisodeEntry, ...], files: Mapping[str, FileEntry], complete: bool
    ) -> "Manifest":
        """This manifest with more in it."""
        return replace(self, episodes=episodes, files=dict(files), complete=complete)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Rename the manifest into place, with a digest of its own text."""
    write_bytes(folder / NAME, manifest_bytes(manifest))


def manifest_bytes(manifest: Manifest) -> bytes:
    """The text of a manifest: the same for the same content, whoever recorded it, wherever and when."""
    space = manifest.action_space
    content = {
        "format": FORMAT,
        "complete": manifest.complete,
        "source": to_json(manifest.source),
        "frame_shape": list(manifest.frame_shape),
        "actions": _action_json(space),
        "factors": [to_json(factor) for factor in manifest.factors],
        "chunk": manifest.chunk,
        "episodes": [[entry.start, entry.steps, entry.ending] for entry in manifest.episodes],
        "files": {path: [entry.size, entry.sha256] for path, entry in sorted(manifest.files.items())},
    }
    lines = [f" {json.dumps(key)}: {_lines(value)}" for key, value in content.items()]
    body = ("{\n" + ",\n".join(lines)).encode()
    return body + _DIGEST + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'


def read_text(folder: Path) -> bytes:
    """The bytes of a data set's manifest; WrongInput when there is none, it is huge, or it was altered."""
    path = folder / NAME
    if not folder.is_dir():
        raise WrongInput(f"no data set at {folder}: there is no such folder")
    if not path.is_file():
        raise WrongInput(f"no data set at {folder}: it has no {NAME}; make one with `reverie capture`")
    if path.stat().st_size > LARGEST:
        raise WrongInput(f"{path} is too large for a manifest ({path.stat().st_size} bytes)")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise WrongInput(f"cannot read {path}: {error.strerror}") from None
    body, mark, digest = text.rpartition(_DIGEST)
    if not mark or digest != hashlib.sha256(body).hexdigest().encode() + b'"\n}\n':
        raise WrongInput(f"{path} is damaged: it does not match its own digest")
    return text


def _action_json(space: ActionSpace) -> dict[str, Any]:
    if space.count is not None:
        return {"count": space.count}
    assert space.low is not None and space.high is not None
    return {"low": np.asarray(space.low).tolist(), "high": np.asarray(space.high).tolist()}


def _lines(value: Any) -> str:
    """JSON with one line for each entry of a list or an object."""
    if isinstance(value, dict) and value:
        parts = [f"  {json.dumps(key)}: {json.dumps(part, allow_nan=False)}" for key, part in value.items()]
        return "{\n" + ",\n".join(parts) + "\n }"
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        return "[\n" + ",\n".join(f"  {json.dumps(part, allow_nan=False)}" for part in value) + "\n ]"
    return json.dumps(value, allow_nan=False)
