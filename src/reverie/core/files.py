"""Files that are either whole or not there: atomic writes, strict reads, checksums."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from reverie.core.errors import WrongInput

LARGEST = 1 << 28
"""Most bytes of a file that is read whole; the longest logs and probes have some million."""


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old content or the new, never a half."""
    temporary = path.with_name(path.name + ".tmp")
    # What is left of a crash goes; were it a link, writing would follow it out of the folder.
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        # A write that fails does not say where; the half-written file would only hold space.
        temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
    temporary.replace(path)
    sync_folder(path.parent)


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, keys in the order given, with one newline at the end."""
    write_bytes(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def read_json(path: Path, what: str) -> Any:
    """Read a JSON file; `what` names it in the error ("manifest of data/lander")."""
    try:
        return json.loads(read_bytes(path, what))
    except (ValueError, RecursionError) as error:
        if isinstance(error, WrongInput):
            raise
        raise WrongInput(f"the {what} is damaged: {path} is not JSON ({str(error)[:80]})") from None


def read_bytes(path: Path, what: str) -> bytes:
    """The bytes of a file that is read whole; WrongInput where there is none, or a pipe, or far too much."""
    if not path.is_file():
        missing = f"the {what} is damaged: {path} is not a file" if path.exists() else ""
        raise WrongInput(missing or f"no {what}: {path} is not there")
    size = path.stat().st_size
    if size > LARGEST:
        raise WrongInput(f"the {what} is damaged: {path} has {size} bytes, more than {LARGEST}")
    return path.read_bytes()


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """Checksum of a file as a hexadecimal string."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
