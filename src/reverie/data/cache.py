"""Cache: all frames of a data set, decoded once into one memory-mapped file."""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from reverie.core.assets import cache_folder
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.files import read_json, sha256, write_json
from reverie.data.chunks import iterate_rows
from reverie.data.manifest import Manifest

FOLDER = ".cache"
"""The cache inside a data set that can be written to."""
_STALE_SECONDS = 3600.0


def frames_file(folder: Path, manifest: Manifest, fingerprint: str) -> Path:
    """The file of all frames as bytes (frame, height, width, channel), built where it is not there yet.

    It lies beside the archive, or in the user's cache folder where the data set cannot be written to. Every
    chunk is checked while it is built. A file without its note is not trusted; one that was touched since it
    was noted is compared with its checksum, and built again if it differs. Raises WrongInput for a damaged
    chunk, BrokeWhileWorking when neither disk has room.
    """
    size = manifest.rows * prod(manifest.frame_shape)
    places = frames_places(folder, fingerprint)
    for place in places:
        if _trusted(folder, place, size):
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


def frames_places(folder: Path, fingerprint: str) -> tuple[Path, Path]:
    """Where the decoded frames of a data set may lie: beside the archive, or in the user's cache folder."""
    name = f"frames-{fingerprint[:16]}.bin"
    return folder / FOLDER / name, cache_folder() / "frames" / name


def check_frames(folder: Path, manifest: Manifest, fingerprint: str) -> Iterator[str]:
    """What is wrong with the decoded frames, one sentence each; WrongInput for a damaged chunk."""
    places = [place for place in frames_places(folder, fingerprint) if place.is_file()]
    if not places:
        return
    checksum = hashlib.sha256()
    for frames in iterate_rows(folder, manifest, manifest.spec("frames")):
        checksum.update(np.ascontiguousarray(frames).data)
    for place in places:
        if sha256(place) != checksum.hexdigest():
            yield f"{place} is damaged: its frames are not those of the archive; remove it"
        elif _note(place).is_file() and _noted(place).get("sha256") != checksum.hexdigest():
            yield f"{_note(place)} is damaged: it is not the checksum of the frames beside it; remove it"


def map_frames(folder: Path, manifest: Manifest, fingerprint: str) -> np.ndarray:
    """All frames, memory-mapped and read-only."""
    shape = (manifest.rows, *manifest.frame_shape)
    if manifest.rows == 0:
        return np.zeros(shape, dtype=np.uint8)
    return np.memmap(frames_file(folder, manifest, fingerprint), dtype=np.uint8, mode="r", shape=shape)


def _build(folder: Path, manifest: Manifest, place: Path, size: int) -> None:
    if place.parent.is_symlink():
        raise OSError(errno.ELOOP, "it is a link")
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place.parent)
    if shutil.disk_usage(place.parent).free < size:
        raise OSError(errno.ENOSPC, "not enough free space")
    temporary = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    checksum = hashlib.sha256()
    try:
        with temporary.open("wb") as file:
            for frames in iterate_rows(folder, manifest, manifest.spec("frames")):
                file.write(np.ascontiguousarray(frames).data)
                checksum.update(np.ascontiguousarray(frames).data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
        _write_note(folder, place, checksum.hexdigest())
    except OSError:
        place.unlink(missing_ok=True)  # nobody would trust it without its note
        raise
    finally:
        temporary.unlink(missing_ok=True)
    _forget(folder, place)


def _trusted(folder: Path, place: Path, size: int) -> bool:
    """Whether the frames of a file are those that were written to it."""
    note = _noted(place)
    if not note or not place.is_file() or place.stat().st_size != size:
        return False
    if note.get("modified") == place.stat().st_mtime_ns:
        return True
    if note.get("sha256") != sha256(place):
        return False
    with suppress(OSError):  # copied, perhaps to where nothing can be noted
        _write_note(folder, place, note["sha256"])
    return True


def _note(place: Path) -> Path:
    return place.with_suffix(".json")


def _noted(place: Path) -> dict[str, Any]:
    """What was noted of a file of frames; nothing where the note is missing or damaged."""
    try:
        note = read_json(_note(place), "note of decoded frames")
    except (OSError, WrongInput):
        return {}
    return note if isinstance(note, dict) else {}


def _write_note(folder: Path, place: Path, checksum: str) -> None:
    about = {"data": str(folder.resolve()), "modified": place.stat().st_mtime_ns, "sha256": checksum}
    write_json(_note(place), about)


def _forget(folder: Path, place: Path) -> None:
    """Remove the frames that the same data set had when it held less."""
    for other in place.parent.glob("frames-*.bin"):
        ours = place.parent == folder / FOLDER or _noted(other).get("data") == str(folder.resolve())
        if ours and other != place:
            with suppress(OSError):  # a system that keeps what somebody reads
                other.unlink()
                _note(other).unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what builders left that were killed."""
    for left in folder.glob("frames-*.tmp"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            left.unlink(missing_ok=True)


def digest(text: bytes) -> str:
    """The fingerprint of a data set: the checksum of its manifest."""
    return hashlib.sha256(text).hexdigest()
