"""Sprites: white squares, ellipses and hearts on black, on dSprites' grid of factors."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from reverie.core.errors import WrongInput
from reverie.core.world import Factor
from reverie.data.image_set import Frames, ImageSet, SetConfig, Truth
from reverie.ops.outlines import SHAPES, raster

FACTORS = (
    Factor("shape", "0 square, 1 ellipse, 2 heart"),
    Factor("scale", "of the largest"),
    Factor("orientation", "rad anticlockwise"),
    Factor("x", "left to right"),
    Factor("y", "top to bottom"),
)
VALUES = (
    np.arange(3.0),
    np.linspace(0.5, 1.0, 6),
    np.linspace(0.0, 2.0 * np.pi, 40),
    np.linspace(0.0, 1.0, 32),
    np.linspace(0.0, 1.0, 32),
)
"""Source: dSprites, metadata. Both ends of the orientations are the same picture, as there."""
GRID = tuple(map(len, VALUES))
SIZE = 18.0 / 64.0
"""Square root of the area of a sprite of scale 1, in sides of the picture."""
MARGIN = 0.25
"""Smallest distance of a centre from the border, in sides of the picture."""


@dataclass(frozen=True, kw_only=True)
class SpritesConfig(SetConfig):
    """Shape 3, scale 6, orientation 40, x 32, y 32: 737 280 tuples.

    The grid is that of dSprites; outlines and sizes are our own: all shapes have the same area, the centre of
    which is where x and y say.
    """

    size: int = 64
    """Height and width of a picture."""

    def __post_init__(self) -> None:
        """Refuse pictures in which shapes cannot be told apart."""
        super().__post_init__()
        if not 16 <= self.size <= 1024:
            raise WrongInput(f"sprites field 'size' must be from 16 to 1024 pixels, got {self.size}")

    def build(self) -> ImageSet:
        """All tuples of the grid, numbered as in dSprites: y changes fastest."""
        return ImageSet(
            frame_shape=(self.size, self.size, 1),
            factors=FACTORS,
            total=int(np.prod(GRID)),
            draw=self._draw,
        )

    def _draw(self, numbers: Int64[np.ndarray, " image"]) -> tuple[Frames, Truth]:
        truth = tuples(numbers)
        return render(truth, self.size), truth.astype(np.float32)


def tuples(numbers: Int64[np.ndarray, " image"]) -> Float64[np.ndarray, "image 5"]:
    """The factors of the images with these numbers."""
    places = np.unravel_index(numbers, GRID)
    return np.stack([values[place] for values, place in zip(VALUES, places, strict=True)], axis=1)


def render(truth: Float64[np.ndarray, "image 5"], size: int) -> Frames:
    """Pictures of sprites with these factors; a pixel is white where its midpoint is inside."""
    frames = np.zeros((len(truth), size, size, 1), dtype=np.uint8)
    for index, inside in enumerate(SHAPES.values()):
        chosen = truth[:, 0] == index
        shape = np.stack([SIZE * size * truth[chosen, 1], truth[chosen, 2]], axis=1)
        drawn = raster(inside, size, centres(truth[chosen], size), shape)
        frames[chosen, :, :, 0] = np.where(drawn, 255, 0)
    return frames


def centres(truth: Float64[np.ndarray, "image 5"], size: int) -> Float64[np.ndarray, "image 2"]:
    """Where the centres of area are: pixels to the right and down from the upper left corner."""
    return size * (MARGIN + (1.0 - 2.0 * MARGIN) * truth[:, 3:5])
