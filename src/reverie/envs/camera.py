"""Camera: from what an environment draws or gives to frames of the recording's size."""

from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from reverie.core.errors import BrokeWhileWorking


def to_frame(picture: Any, size: int) -> UInt8[np.ndarray, "height width 3"]:
    """An RGB frame of `size` by `size` pixels, averaged over boxes; size 0 keeps the picture's own size.

    Takes bytes as (height, width), (height, width, 1), RGB or RGBA; raises BrokeWhileWorking for others.
    """
    rgb = _rgb(picture)
    if size == 0 or rgb.shape[:2] == (size, size):
        return np.array(rgb)
    return np.asarray(Image.fromarray(rgb).resize((size, size), Image.Resampling.BOX))


def is_picture(space: Any) -> bool:
    """Whether observations of this Gymnasium space are pictures in bytes."""
    shape = getattr(space, "shape", None)
    if shape is None or getattr(space, "dtype", None) != np.uint8:
        return False
    return (len(shape) == 2 and min(shape) >= 8) or (len(shape) == 3 and shape[2] in (1, 3, 4))


def _rgb(picture: Any) -> UInt8[np.ndarray, "height width 3"]:
    array = np.asarray(picture)
    if array.dtype != np.uint8 or array.ndim not in (2, 3):
        found = f"{array.dtype} of shape {array.shape}"
        raise BrokeWhileWorking(f"the environment drew {found}, not bytes of height by width by 3")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    return array[:, :, :3]
