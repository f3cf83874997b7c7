"""Shifted digits: each moved by two pixels, and the same with a piece missing; which one is closer?

Source: Doersch 2016, Tutorial on variational autoencoders, figure 3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.core.posterior import Point
from reverie.core.representation import View
from reverie.core.seeds import numpy_generator
from reverie.core.shapes import PerImage

COUNT, SHIFT, PIECE = 200, 2, 6
"""Digits a seed; pixels that they are moved by; side of the square that is missing."""
DIRECTIONS = ((0, SHIFT), (0, -SHIFT), (SHIFT, 0), (-SHIFT, 0))
INK = 0.5
"""A piece is cut out around a pixel at least so bright."""

Distance = Callable[[Float[Tensor, "image 1 row column"], Float[Tensor, "image 1 row column"]], PerImage]
"""How far each image is from another, which stands second."""


@dataclass(frozen=True)
class Compared:
    """Digits and two pictures that differ from each."""

    digits: Float[Tensor, "image 1 row column"]
    shifted: Float[Tensor, "image 1 row column"]
    missing: Float[Tensor, "image 1 row column"]


def compared(images: Float[Tensor, "digit 1 row column"], seed: int) -> Compared:
    """Digits of this seed, which no other of the first seeds has; direction and piece are drawn."""
    generator = numpy_generator(seed, "shifted")
    numbers = (np.arange(COUNT) + COUNT * seed) % len(images)
    digits = images[numbers]
    directions = generator.integers(len(DIRECTIONS), size=COUNT)
    shifted = torch.stack(
        [moved(digit, *DIRECTIONS[one]) for digit, one in zip(digits, directions, strict=True)]
    )
    missing = torch.stack([without_a_piece(digit, generator) for digit in digits])
    return Compared(digits, shifted, missing)


def moved(image: Float[Tensor, "1 row column"], down: int, right: int) -> Float[Tensor, "1 row column"]:
    """The image moved by so many pixels; what comes in is black, what goes out is lost."""
    rows, columns = image.shape[1:]
    found = torch.zeros_like(image)
    found[:, max(down, 0) : rows + min(down, 0), max(right, 0) : columns + min(right, 0)] = image[
        :, max(-down, 0) : rows - max(down, 0), max(-right, 0) : columns - max(right, 0)
    ]
    return found


def without_a_piece(
    image: Float[Tensor, "1 row column"], generator: np.random.Generator
) -> Float[Tensor, "1 row column"]:
    """The image with a black square around one of its bright pixels."""
    bright = (image[0] > INK * image.max()).nonzero()
    row, column = bright[generator.integers(len(bright))].tolist()
    found = image.clone()
    above, left = max(row - PIECE // 2, 0), max(column - PIECE // 2, 0)
    found[:, above : above + PIECE, left : left + PIECE] = 0.0
    return found


def misjudged(pairs: Compared, distances: Mapping[str, Distance]) -> dict[str, int]:
    """For each distance the number of digits to which the one with a missing piece is closer."""
    return {
        name: int((distance(pairs.missing, pairs.digits) < distance(pairs.shifted, pairs.digits)).sum())
        for name, distance in distances.items()
    }


def as_distance(term: Callable[[View], PerImage]) -> Distance:
    """A reconstruction term as a distance of a picture from the true image."""

    def distance(
        picture: Float[Tensor, "image 1 row column"], image: Float[Tensor, "image 1 row column"]
    ) -> PerImage:
        nothing = torch.zeros(len(image), 1)
        return term(View(image, Point(nothing), nothing, picture))

    return distance
