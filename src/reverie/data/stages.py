"""Stages: finished episodes on disk that wait for their turn to be committed."""

import shutil
import struct
import zlib
from pathlib import Path
from typing import get_args

import numpy as np

from reverie.core.episode import Ending, Episode

FOLDER = ".staging"
_ARRAYS = ("frames", "actions", "rewards", "factors", "visible")
_RESERVE = "reserve"
_RESERVE_BYTES = 1 << 18
_ENDINGS = get_args(Ending)


def stage(folder: Path, index: int, episode: Episode, worker: int) -> None:
    """Put an episode into the staging folder of a data set: whole, or not at all."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(getattr(episode, name)) for name in _ARRAYS}
    arrays["ending"] = np.array([_ENDINGS.index(episode.ending)], dtype=np.uint8)
    content = save(arrays)
    path = _path(folder, index)
    temporary = path.with_name(f"{path.name}.{worker}.tmp")
    try:
        # Not synced, for speed: after a power cut the checksum tells, and the episode is played again.
        with temporary.open("wb") as file:
            file.write(struct.pack("<I", zlib.crc32(content)))
            file.write(content)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def load_stage(folder: Path, index: int) -> Episode | None:
    """The staged episode, or None when it is not there or a power cut left it torn."""
    from safetensors.numpy import load

    path = _path(folder, index)
    if not path.is_file():
        return None
    whole = path.read_bytes()
    content = whole[4:]
    if len(whole) < 4 or struct.pack("<I", zlib.crc32(content)) != whole[:4]:
        return None
    arrays = load(content)
    ending = _ENDINGS[int(arrays.pop("ending")[0])]
    return Episode(ending=ending, **arrays)


def drop_stages(folder: Path, below: int) -> None:
    """Remove the stages of episodes that are committed."""
    for path in (folder / FOLDER).glob("*.episode"):
        if path.stem.isdecimal() and int(path.stem) < below:
            path.unlink(missing_ok=True)


def open_stages(folder: Path) -> None:
    """Make the staging folder with a reserve, and clear what workers left that were killed."""
    (folder / FOLDER).mkdir(exist_ok=True)
    for path in (folder / FOLDER).glob("*.tmp"):
        path.unlink(missing_ok=True)
    (folder / FOLDER / _RESERVE).write_bytes(bytes(_RESERVE_BYTES))


def release_reserve(folder: Path) -> None:
    """Make room for a last manifest on a disk that is full."""
    (folder / FOLDER / _RESERVE).unlink(missing_ok=True)


def close_stages(folder: Path) -> None:
    """Remove the staging folder."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _path(folder: Path, index: int) -> Path:
    return folder / FOLDER / f"{index:08d}.episode"
