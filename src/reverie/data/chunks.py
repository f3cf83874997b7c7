"""Chunks: the committed rows of a data set, read back and compared with the manifest."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

import numpy as np

from reverie.core.errors import WrongInput
from reverie.data.layout import ArraySpec, decode
from reverie.data.manifest import Manifest


def read_chunk(folder: Path, manifest: Manifest, spec: ArraySpec, index: int) -> np.ndarray:
    """One chunk, whole; WrongInput, naming the file, when it is missing, cut off or altered."""
    path = spec.chunk_path(index)
    return decode(read_listed(folder, manifest, path), spec, manifest.chunk, f"{folder / path}")


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Refuse a data set with a chunk that is missing or has another size; WrongInput, naming the file."""
    for spec in manifest.specs:
        for index in range(manifest.chunks()):
            _check_size(folder, manifest, spec.chunk_path(index))


def read_listed(folder: Path, manifest: Manifest, path: str) -> bytes:
    """The bytes of a file of the data set, checked against the manifest before they are read whole."""
    file = folder / path
    _check_size(folder, manifest, path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WrongInput(f"cannot read {file}: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != manifest.files[path].sha256:
        raise WrongInput(f"{file} is damaged: its content does not match its checksum")
    return content


def iterate_rows(folder: Path, manifest: Manifest, spec: ArraySpec) -> Iterator[np.ndarray]:
    """All committed rows in order, chunk by chunk."""
    for index in range(manifest.chunks()):
        left = manifest.rows - index * manifest.chunk
        yield read_chunk(folder, manifest, spec, index)[:left]


def read_rows(folder: Path, manifest: Manifest, spec: ArraySpec, rows: slice) -> np.ndarray:
    """The rows of a slice; decodes only the chunks that it touches."""
    chunk = manifest.chunk
    first, last = rows.start // chunk, -(-rows.stop // chunk)
    parts = [read_chunk(folder, manifest, spec, index) for index in range(first, last)]
    return np.concatenate(parts)[rows.start - first * chunk : rows.stop - first * chunk]


def _check_size(folder: Path, manifest: Manifest, path: str) -> None:
    file, expected = folder / path, manifest.files[path].size
    try:
        status = file.stat()
    except FileNotFoundError:
        raise WrongInput(f"{file} is missing") from None
    except OSError as error:
        raise WrongInput(f"cannot read {file}: {error.strerror}") from None
    if not S_ISREG(status.st_mode):
        raise WrongInput(f"{file} is damaged: it is not a file")
    size = status.st_size
    if size != expected:
        raise WrongInput(f"{file} is damaged: {size} bytes, expected {expected}")
