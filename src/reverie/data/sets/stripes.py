"""Stripes: black and white, of four widths, upright or lying, at every phase; 60 pictures."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from reverie.core.world import Factor
from reverie.data.image_set import Frames, ImageSet, SetConfig, Truth

SIDE = 64
"""Height and width of a picture in pixels."""
WIDTHS = (1, 2, 4, 8)
FACTORS = (Factor("lying", "0 upright, 1 lying"), Factor("width", "pixels"), Factor("phase", "pixels"))
TRUTH = np.array(
    [(lying, width, phase) for lying in (0, 1) for width in WIDTHS for phase in range(2 * width)],
    dtype=np.int64,
)
"""Every picture there is."""


@dataclass(frozen=True, kw_only=True)
class StripesConfig(SetConfig):
    """Where pixels mislead: shifted by one width, every pixel is wrong and the picture looks the same."""

    def build(self) -> ImageSet:
        """The 60 pictures of 64 by 64 pixels."""
        return ImageSet(frame_shape=(SIDE, SIDE, 1), factors=FACTORS, total=len(TRUTH), draw=draw)


def draw(numbers: Int64[np.ndarray, " image"]) -> tuple[Frames, Truth]:
    """The pictures with these numbers; a phase is by how much they are shifted right or down."""
    truth = TRUTH[numbers]
    lying, width, phase = (truth[:, column, None, None] for column in range(3))
    down, right = np.indices((SIDE, SIDE))
    place = np.where(lying == 1, down, right) - phase
    return np.where(place // width % 2 == 0, 255, 0).astype(np.uint8)[..., None], truth.astype(np.float32)
