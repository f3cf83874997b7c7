"""Cells4: two by two cells, each of them empty or with a cross or a disc in it; 81 scenes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from reverie.core.world import Factor
from reverie.data.image_set import Frames, ImageSet, SetConfig, Truth

CELL = 16
"""Height and width of a cell in pixels."""
PLACES = ("upper_left", "upper_right", "lower_left", "lower_right")
FACTORS = tuple(Factor(place, "0 empty, 1 cross, 2 disc") for place in PLACES)
GRID = (3, 3, 3, 3)


@dataclass(frozen=True, kw_only=True)
class Cells4Config(SetConfig):
    """All arrangements of crosses and discs in four cells: 3 x 3 x 3 x 3 pictures of 32 by 32 pixels.

    The smallest world with objects of two types: a table of what lies where says everything about it.
    """

    def build(self) -> ImageSet:
        """The 81 scenes, numbered with the last cell changing fastest."""
        side = 2 * CELL
        return ImageSet(frame_shape=(side, side, 1), factors=FACTORS, total=int(np.prod(GRID)), draw=draw)


def draw(numbers: Int64[np.ndarray, " image"]) -> tuple[Frames, Truth]:
    """The scenes with these numbers, and what lies in their cells."""
    truth = np.stack(np.unravel_index(numbers, GRID), axis=1)
    cells = _drawings()[truth].reshape(len(truth), 2, 2, CELL, CELL)
    frames = cells.transpose(0, 1, 3, 2, 4).reshape(len(truth), 2 * CELL, 2 * CELL, 1)
    return frames, truth.astype(np.float32)


def _drawings() -> UInt8[np.ndarray, "3 cell cell"]:
    """Nothing, a cross and a disc, each in the middle of a cell."""
    middles = np.abs(np.arange(CELL) + 0.5 - CELL / 2)
    near, far = np.minimum.outer(middles, middles), np.maximum.outer(middles, middles)
    cross = (near <= 1.0) & (far <= 5.0)
    disc = np.hypot.outer(middles, middles) <= 5.5
    return np.where(np.stack([np.zeros_like(disc), cross, disc]), 255, 0).astype(np.uint8)
