"""Cache: all frames of a data set, decoded once into one memory-mapped file."""

import errno
import hashlib
import os
import shutil
import time
from math import prod
from pathlib import Path

import numpy as np

from reverie.core.assets import cache_folder
from reverie.core.errors import BrokeWhileWorking
from reverie.data.chunks import iterate_rows
from reverie.data.manifest import Manifest

FOLDER = ".cache"
"""The cache inside a data set that can be written to."""
_STALE_SECONDS = 3600.0


def frames_file(folder: Path, manifest: Manifest, fingerprint: str) -> Path:
    """The file of all frames as bytes (frame, height, width, channel), built where it is not there yet.

    It lies beside the archive, or in the user's cache folder where the data set cannot be written to. Every
    chunk is checked while it is built. Raises WrongInput for a damaged chunk, BrokeWhileWorking when neither
    disk has room.
    """
    size = manifest.rows * prod(manifest.frame_shape)
    name = f"frames-{fingerprint[:16]}.bin"
    places = [folder / FOLDER / name, cache_folder() / "frames" / name]
    for place in places:
        if place.is_file() and place.stat().st_size == size:
            return place
    reasons = []
    for place in places:
        try:
            _build(folder, manifest, place, size)
            return place
        except OSError as error:
            reasons.append(f"{place.parent}: {error.strerror}")
    needs = f"{size / 1e6:.0f} MB"
    raise BrokeWhileWorking(
        f"no room for {needs} of decoded frames of {folder} ({'; '.join(reasons)}); free space"
    )


def map_frames(folder: Path, manifest: Manifest, fingerprint: str) -> np.ndarray:
    """All frames, memory-mapped and read-only."""
    shape = (manifest.rows, *manifest.frame_shape)
    if manifest.rows == 0:
        return np.zeros(shape, dtype=np.uint8)
    return np.memmap(frames_file(folder, manifest, fingerprint), dtype=np.uint8, mode="r", shape=shape)


def _build(folder: Path, manifest: Manifest, place: Path, size: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place.parent)
    if shutil.disk_usage(place.parent).free < size:
        raise OSError(errno.ENOSPC, "not enough free space")
    temporary = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            for frames in iterate_rows(folder, manifest, manifest.spec("frames")):
                file.write(np.ascontiguousarray(frames).data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what builders left that were killed."""
    for left in folder.glob("frames-*.tmp"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            left.unlink(missing_ok=True)


def digest(text: bytes) -> str:
    """The fingerprint of a data set: the checksum of its manifest."""
    return hashlib.sha256(text).hexdigest()
