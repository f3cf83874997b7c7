"""Clutter: small shapes on terrain-like backgrounds, drawn on the spot, labelled with what it is and where.

Another task than rebuilding frames: a network that learns it has features made for small things in front of
large ones, and has never seen an environment.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float32, Int64, UInt8
from PIL import Image, ImageDraw
from torch import Tensor

from reverie.core.seeds import numpy_generator

SHAPES = ("disc", "square", "triangle", "cross", "lander")
"""Classes, in the order of their labels."""

SIZE = 64
"""Height and width of a picture."""

FINER = 2
"""Pictures are drawn so much larger and then averaged, so that edges are smooth as in resized frames."""

RADIUS = (4.5, 8.0)
"""Smallest and largest radius of a shape in pixels."""

CONTRAST = 140.0
"""Smallest distance, over three channels of bytes, between a shape's colour and what lies under it."""

OUTLINES = {
    "square": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    "triangle": [(0.0, -1.0), (0.95, 0.8), (-0.95, 0.8)],
    "cross": [(-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
              (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3)],
    "lander": [(-0.45, -0.8), (0.45, -0.8), (0.6, 0.1), (1.0, 0.8), (0.65, 0.8), (0.3, 0.2),
               (-0.3, 0.2), (-0.65, 0.8), (-1.0, 0.8), (-0.6, 0.1)],
}  # fmt: skip
"""Corners in units of the radius, right then down; the disc has none."""


@dataclass(frozen=True)
class ClutterBatches:
    """Batches of (frames in [0, 1], labels, centres), drawn anew for every epoch from the seed."""

    batch_size: int
    count: int
    """Batches in an epoch."""
    seed: int

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.count

    def epoch(self, index: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The batches of an epoch, from `start` on."""
        for batch in range(start, self.count):
            clutter = draw(self.batch_size, numpy_generator(self.seed, "clutter", index, batch))
            frames = rearrange(clutter.pictures, "picture row column channel -> picture channel row column")
            frames = torch.from_numpy(np.ascontiguousarray(frames)) / 255.0
            yield frames, torch.from_numpy(clutter.labels), torch.from_numpy(clutter.centres)


class Clutter(NamedTuple):
    """Pictures with one small shape each."""

    pictures: UInt8[np.ndarray, "picture height width 3"]
    labels: Int64[np.ndarray, " picture"]
    """Index of the shape in SHAPES."""
    centres: Float32[np.ndarray, "picture 2"]
    """Where the shape is: row and column of its centre, each in units of SIZE."""


def draw(count: int, generator: np.random.Generator) -> Clutter:
    """Pictures, drawn one after the other from the generator."""
    labels = generator.integers(0, len(SHAPES), count)
    pictures, centres = zip(*(_picture(SHAPES[label], generator) for label in labels), strict=True)
    return Clutter(np.stack(pictures), labels, np.stack(centres))


def _picture(shape: str, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    side = SIZE * FINER
    image = Image.new("RGB", (side, side), _colour(generator))
    canvas = ImageDraw.Draw(image)
    for _ in range(generator.integers(1, 4)):
        _mountains(canvas, side, generator)
    for _ in range(generator.integers(0, 6)):
        _splinter(canvas, side, generator)
    centre = _shape(image, canvas, shape, generator)
    return np.asarray(image.reduce(FINER)), (centre[::-1] / side).astype(np.float32)


def _mountains(canvas: ImageDraw.ImageDraw, side: int, generator: np.random.Generator) -> None:
    """A range from the left edge to the right one, filled down to the bottom."""
    peaks = generator.integers(5, 13)
    across = np.linspace(0, side, peaks)
    heights = side * (generator.uniform(0.4, 1.0) + 0.15 * generator.standard_normal(peaks))
    line = list(zip(across.tolist(), heights.tolist(), strict=True))
    canvas.polygon([(0, side), *line, (side, side)], fill=_colour(generator))


def _splinter(canvas: ImageDraw.ImageDraw, side: int, generator: np.random.Generator) -> None:
    """An irregular polygon, from a chip to a slab."""
    corners = generator.integers(3, 7)
    reach = generator.uniform(0.03, 0.25) * side * generator.uniform(0.3, 1.0, corners)
    angles = np.sort(generator.uniform(0.0, 2.0 * math.pi, corners))
    centre = generator.uniform(0.0, side, 2)
    points = centre + reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    canvas.polygon([tuple(point) for point in points.tolist()], fill=_colour(generator))


def _shape(
    image: Image.Image, canvas: ImageDraw.ImageDraw, shape: str, generator: np.random.Generator
) -> np.ndarray:
    """Draw the shape; its centre, right then down, in drawn pixels."""
    radius = FINER * generator.uniform(*RADIUS)
    centre = generator.uniform(radius, SIZE * FINER - radius, 2)
    under = np.asarray(image.getpixel((int(centre[0]), int(centre[1]))))
    colour = _colour(generator)
    while np.linalg.norm(np.asarray(colour) - under) < CONTRAST:
        colour = _colour(generator)
    if shape == "disc":
        low, high = centre - 0.9 * radius, centre + 0.9 * radius
        canvas.ellipse([tuple(low.tolist()), tuple(high.tolist())], fill=colour)
        return centre
    angle = generator.uniform(-0.35, 0.35)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = centre + radius * np.asarray(OUTLINES[shape]) @ turn.T
    canvas.polygon([tuple(point) for point in points.tolist()], fill=colour)
    return centre


def _colour(generator: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = generator.integers(0, 256, 3).tolist()
    return red, green, blue
