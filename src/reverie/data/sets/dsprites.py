"""DSprites: the published file, known by its checksums, in the house format."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from reverie.core.assets import data_folder
from reverie.core.errors import WrongInput
from reverie.data.image_set import Draw, ImageSet, SetConfig
from reverie.data.sets.sprites import FACTORS, GRID

NAME = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
ADDRESS = "https://github.com/google-deepmind/dsprites-dataset"
SUMS = {"md5": "7da33b31b13a06f4b04a70402ce90c2e", "sha1": "3e0a46a9238e425f46a6ef9e9bdfd7cedb35d50f"}
"""Checksums of the file as two projects that use it published them."""
SIDE = 64
BLOCK = 4096


@dataclass(frozen=True, kw_only=True)
class DspritesConfig(SetConfig):
    """All 737 280 pictures of dSprites (Matthey et al. 2017), or so many of them.

    The file is not part of Reverie; 400 MB of memory hold its pictures, a bit a pixel, while it is read. The
    member of the file that would run code when it is read (its metadata) is never opened.
    """

    file: Path | None = None
    """The .npz file; without it, dsprites/ inside REVERIE_DATA is looked at."""

    def build(self) -> ImageSet:
        """The pictures as they lie in the file; WrongInput when it is not there or not the published one."""
        file = self.file or data_folder() / "dsprites" / NAME
        if not file.is_file():
            raise WrongInput(f"no dSprites at {file}; get {NAME} from {ADDRESS} and name it with --file")
        check_sums(file)
        total = int(np.prod(GRID))
        return ImageSet(
            frame_shape=(SIDE, SIDE, 1),
            factors=FACTORS,
            total=total,
            draw=read(file, total),
            about={"published": {"file": NAME, **SUMS}},
        )


def check_sums(file: Path) -> None:
    """Refuse a file that is not the published one."""
    for kind, wanted in SUMS.items():
        with file.open("rb") as content:
            found = hashlib.file_digest(content, lambda kind=kind: hashlib.new(kind, usedforsecurity=False))
        if found.hexdigest() != wanted:
            raise WrongInput(
                f"{file} is not the published dSprites: its {kind} is {found.hexdigest()[:12]}..., "
                f"not {wanted[:12]}...; get it anew from {ADDRESS}"
            )


def read(file: Path, total: int) -> Draw:
    """What draws the `total` pictures of a file laid out as dSprites' is.

    Raises WrongInput when the arrays are not of the published shape and type.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            with archive.open("imgs.npy") as member:
                packed = _pictures(member, total)
            with archive.open("latents_values.npy") as member:
                values = np.frombuffer(_rows(member, (total, 6), "<f8"), "<f8").reshape(total, 6)
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError, OSError) as error:
        raise WrongInput(f"{file} is not laid out as dSprites: {error}") from None
    # The first column is the colour, which is always white; shapes are counted from 1 there.
    truth = (values[:, 1:] - np.array([1.0, 0.0, 0.0, 0.0, 0.0])).astype(np.float32)

    def draw(numbers: Any) -> tuple[np.ndarray, np.ndarray]:
        bits = np.unpackbits(packed[numbers], axis=1)
        return (255 * bits).reshape(-1, SIDE, SIDE, 1), truth[numbers]

    return draw


def _pictures(member: Any, total: int) -> UInt8[np.ndarray, "image byte"]:
    """All pictures, a bit a pixel, read block by block."""
    _header(member, (total, SIDE, SIDE), "|u1")
    packed = np.empty((total, SIDE * SIDE // 8), dtype=np.uint8)
    for start in range(0, total, BLOCK):
        count = min(BLOCK, total - start)
        block = np.frombuffer(_exactly(member, count * SIDE * SIDE), np.uint8)
        packed[start : start + count] = np.packbits(block.reshape(count, -1), axis=1)
    return packed


def _rows(member: Any, shape: tuple[int, ...], kind: str) -> bytes:
    _header(member, shape, kind)
    return _exactly(member, int(np.prod(shape)) * np.dtype(kind).itemsize)


def _header(member: Any, shape: tuple[int, ...], kind: str) -> None:
    """Refuse an array of another shape, order or type before anything of its size is held."""
    np.lib.format.read_magic(member)
    found, by_columns, dtype = np.lib.format.read_array_header_1_0(member)
    if (found, by_columns, dtype.str) != (shape, False, kind):
        raise ValueError(f"it holds {dtype.str} of shape {found}, not {kind} of shape {shape}")


def _exactly(member: Any, size: int) -> bytes:
    content = member.read(size)
    if len(content) != size:
        raise EOFError("it ends too early")
    return content
