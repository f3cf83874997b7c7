"""Camera: from what an environment draws or gives to frames of the recording's size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from reverie.core.errors import BrokeWhileWorking

LUMINANCE = (0.2126, 0.7152, 0.0722, 0.0)
"""Weights of red, green and blue. Source: ITU-R BT.709; Atari's and OpenCV's own greys are others."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """How pictures become frames: colour, then size."""

    size: int
    """Side of the frames in pixels; 0 keeps the picture's own size."""
    grey: bool = False
    """Luminance instead of colours."""
    crop: bool = False
    """Scale the shorter side and cut the longer one, instead of squashing the picture to a square."""
    cut: float = 0.5
    """Where the longer side is cut: this share of what goes lies before the frame, the rest behind it."""

    def frame(self, picture: Any) -> UInt8[np.ndarray, "height width channel"]:
        """A picture as a frame of 3 channels, or of 1 in grey, averaged over boxes.

        Takes bytes as (height, width), (height, width, 1), RGB or RGBA; raises BrokeWhileWorking for others.
        """
        image = _image(picture)
        if self.grey and image.mode != "L":
            image = image.convert("L", LUMINANCE)
        elif not self.grey and image.mode == "L":
            image = image.convert("RGB")
        frame = np.asarray(self._scaled(image))
        return frame[:, :, None] if frame.ndim == 2 else frame

    def chain(self) -> list[str]:
        """What is done to a picture, in words for a manifest."""
        colour = "BT.709 luminance in bytes" if self.grey else "RGB bytes"
        if not self.size:
            return [colour]
        if not self.crop:
            return [colour, f"Pillow BOX to {self.size} x {self.size}"]
        cut = (
            f"{self.size} x {self.size} cut out of it, {self.cut:.3f} of the rest before and the rest behind"
        )
        return [colour, f"Pillow BOX, the shorter side to {self.size}", cut]

    def _scaled(self, image: Image.Image) -> Image.Image:
        size = self.size
        if size == 0 or image.size == (size, size):
            return image
        if not self.crop:
            return image.resize((size, size), Image.Resampling.BOX)
        wide, high = self._proportional(*image.size)
        left, top = self._corner(wide, high)
        whole = image.resize((wide, high), Image.Resampling.BOX)
        return whole.crop((left, top, left + size, top + size))

    def _proportional(self, width: int, height: int) -> tuple[int, int]:
        scale = self.size / min(width, height)
        return round(width * scale), round(height * scale)

    def _corner(self, wide: int, high: int) -> tuple[int, int]:
        return round(self.cut * (wide - self.size)), round(self.cut * (high - self.size))


def to_frame(picture: Any, size: int) -> UInt8[np.ndarray, "height width 3"]:
    """A picture as an RGB frame of `size` by `size` pixels, squashed; size 0 keeps its own size."""
    return Camera(size=size).frame(picture)


def is_picture(space: Any) -> bool:
    """Whether observations of this Gymnasium space are pictures in bytes."""
    shape = getattr(space, "shape", None)
    if shape is None or getattr(space, "dtype", None) != np.uint8:
        return False
    return (len(shape) == 2 and min(shape) >= 8) or (len(shape) == 3 and shape[2] in (1, 3, 4))


def _image(picture: Any) -> Image.Image:
    array = np.asarray(picture)
    if array.dtype != np.uint8 or array.ndim not in (2, 3):
        found = f"{array.dtype} of shape {array.shape}"
        raise BrokeWhileWorking(f"the environment drew {found}, not bytes of height by width by 3")
    if array.ndim == 3:
        array = array[:, :, 0] if array.shape[2] == 1 else array[:, :, :3]
    return Image.fromarray(array)
