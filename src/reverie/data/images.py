"""Images: folders of pictures become a data set, so that any frames can be learnt from."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from reverie.core.console import Console, Tracker
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.world import ActionSpace
from reverie.data.archive import create_archive
from reverie.data.layout import CHUNK_FRAMES, chunk_frames
from reverie.data.manifest import Manifest

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm")
LARGEST = 4096


@dataclass(frozen=True)
class Pictures:
    """The picture files of one episode, in natural order (2 before 10)."""

    name: str
    files: tuple[Path, ...]


def find_pictures(folder: Path) -> list[Pictures]:
    """Pictures by episode: each subfolder that holds some, and those directly inside as one more."""
    if not folder.is_dir():
        raise WrongInput(f"no folder at {folder}")
    places = [folder, *sorted((place for place in folder.rglob("*") if place.is_dir()), key=_natural)]
    found = [Pictures(place.relative_to(folder).as_posix(), _files(place)) for place in places]
    found = [pictures for pictures in found if pictures.files]
    if not found:
        raise WrongInput(f"no images in {folder}; Reverie reads {', '.join(ENDINGS)}")
    return found


def import_images(folder: Path, data: Path, size: int, console: Console) -> Manifest:
    """Make a data set of a folder of images, scaled to `size` by `size`; nothing is known of what they show.

    Raises WrongInput, naming the file, for an image that cannot be read, and when `data` exists.
    """
    if not 1 <= size <= LARGEST:
        raise WrongInput(f"size must be from 1 to {LARGEST} pixels, got {size}")
    found = find_pictures(folder)
    total = sum(len(pictures.files) for pictures in found)
    read_picture(found[0].files[0], size)
    try:
        writer = create_archive(data, _manifest(found, size), job=None)
    except OSError as error:
        raise WrongInput(f"cannot write to {data}: {error.strerror}; choose another folder") from None
    try:
        with console.track(f"import {folder}", total) as tracker:
            for pictures in found:
                writer.append_frames(_blocks(pictures, size, tracker))
        return writer.finish()
    except BaseException as error:
        shutil.rmtree(data, ignore_errors=True)  # half a folder of images would pass for a whole one
        if isinstance(error, OSError):
            reason = f"cannot write to {data}: {error.strerror}; free space and import again"
            raise BrokeWhileWorking(reason) from error
        raise


def read_picture(file: Path, size: int) -> UInt8[np.ndarray, "height width 3"]:
    """One picture as RGB bytes, scaled; WrongInput, naming it, when it cannot be read whole."""
    from PIL import Image

    try:
        with Image.open(file) as picture:
            rgb = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())[:100]
        raise WrongInput(f"cannot read the image {file}: {reason}; repair or remove it") from None
    return np.array(rgb.resize((size, size), Image.Resampling.BOX))


def _manifest(found: list[Pictures], size: int) -> Manifest:
    shape = (size, size, 3)
    source = {
        "images": {pictures.name: [file.name for file in pictures.files] for pictures in found},
        "preprocessing": ["RGB bytes", f"Pillow BOX to {size} x {size}"],
    }
    return Manifest(
        source=source,
        frame_shape=shape,
        action_space=ActionSpace(count=1),
        factors=(),
        chunk=chunk_frames(shape),
        files={},
    )


def _blocks(pictures: Pictures, size: int, tracker: Tracker) -> Iterator[np.ndarray]:
    for start in range(0, len(pictures.files), CHUNK_FRAMES):
        block = pictures.files[start : start + CHUNK_FRAMES]
        yield np.stack([read_picture(file, size) for file in block])
        tracker.advance(len(block))


def _files(place: Path) -> tuple[Path, ...]:
    pictures = (file for file in place.iterdir() if file.suffix.lower() in ENDINGS and file.is_file())
    return tuple(sorted(pictures, key=_natural))


def _natural(path: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", path.as_posix())
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
