"""Convolutions: written as loops, what they make of a shift, and how many numbers they need.

Source: Kochenderfer et al., Algorithms for Decision Making, section D.4.
"""

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor, nn
from torch.nn.functional import conv2d

LAYERS = ((3, 4, 5, 2, 2), (2, 3, 3, 1, 1), (4, 2, 2, 1, 0), (1, 3, 3, 2, 0))
"""Inputs, filters, kernel, stride and padding of the convolutions that are compared."""
SIDE = 20
SIZES = ((16, 8), (32, 4), (64, 2))
"""Sides of images and numbers of outputs of the dense layers that are counted."""


def by_loops(
    image: Float64[np.ndarray, "input row column"],
    weight: Float64[np.ndarray, "filter input kernel kernel"],
    stride: int,
    padding: int,
) -> Float64[np.ndarray, "filter down right"]:
    """Every filter at every place: the sum of products with what lies under it."""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    kernel = weight.shape[2]
    sides = [(size - kernel) // stride + 1 for size in padded.shape[1:]]
    found = np.zeros((len(weight), *sides))
    for number, row, column in np.ndindex(*found.shape):
        down, right = row * stride, column * stride
        for part, i, j in np.ndindex(*weight.shape[1:]):
            found[number, row, column] += weight[number, part, i, j] * padded[part, down + i, right + j]
    return found


def compare(generator: np.random.Generator) -> dict[str, float]:
    """Largest differences: of loops from torch, and of a shifted image's map from the map, shifted."""
    loops, shifted = 0.0, 0.0
    for inputs, filters, kernel, stride, padding in LAYERS:
        image = generator.normal(size=(inputs, SIDE, SIDE))
        weight = generator.normal(size=(filters, inputs, kernel, kernel))
        theirs = _conv(image, weight, stride, padding)
        loops = max(loops, float(np.abs(by_loops(image, weight, stride, padding) - theirs.numpy()).max()))
        moved = _conv(np.roll(image, (stride, stride), (1, 2)), weight, stride, padding)
        # Two places from the border nothing that came around, and no padding, is seen.
        shifted = max(shifted, (moved[:, 3:-3, 3:-3] - theirs[:, 2:-4, 2:-4]).abs().max().item())
    return {"loops": loops, "shifted": shifted}


def _conv(image: np.ndarray, weight: np.ndarray, stride: int, padding: int) -> Tensor:
    return conv2d(torch.from_numpy(image)[None], torch.from_numpy(weight), None, stride, padding)[0]


def dense_weights_are_as_counted() -> bool:
    """Whether dense layers of m x m images of three colours to n outputs have 3 m^2 n weights."""
    return 3 * 256**2 == 196_608 and all(
        nn.Linear(3 * side * side, outputs, bias=False).weight.numel() == 3 * side**2 * outputs
        for side, outputs in SIZES
    )


def maps_are_as_counted() -> bool:
    """Whether k filters make n x m x k numbers of an n x m image, and with stride 2 a quarter of them."""
    rows, columns, filters = 24, 16, 5
    image, weight = torch.zeros(1, 3, rows, columns), torch.zeros(filters, 3, 3, 3)
    whole, half = (conv2d(image, weight, stride=stride, padding=1).shape[1:] for stride in (1, 2))
    return tuple(whole) == (filters, rows, columns) and tuple(half) == (filters, rows // 2, columns // 2)
