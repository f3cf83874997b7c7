"""Planes: codes of two numbers, measured by neighbours, spread, confusions, steps between pictures."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.stats import norm
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

Plane = Float[np.ndarray, "image 2"]
Names = Int64[np.ndarray, " image"]
NEIGHBOURS = 10
GRID = 20
"""Codes along each side of the grid that is decoded."""
EDGE = 0.05
"""Share of the codes beyond each edge of the grid."""


def named(training: tuple[Float[np.ndarray, "known 2"], Int64[np.ndarray, " known"]], test: Plane) -> Names:
    """For each code the digit that most of the nearest training codes show."""
    return KNeighborsClassifier(NEIGHBOURS).fit(*training).predict(test)


def confusions(true: Names, called: Names) -> list[tuple[int, int]]:
    """Pairs of digits, the most often confused first, either for the other."""
    table = confusion_matrix(true, called, labels=np.arange(10))
    both = np.triu(table + table.T, 1)
    pairs = [(int(one), int(other)) for one, other in zip(*np.triu_indices(10, 1), strict=True)]
    return sorted(pairs, key=lambda pair: -both[pair])


def nearest(codes: Plane, names: Names) -> list[tuple[int, int]]:
    """Pairs of digits by the distance between their mean codes, the nearest first."""
    means = np.stack([codes[names == digit].mean(0) for digit in range(10)])
    pairs = [(int(one), int(other)) for one, other in zip(*np.triu_indices(10, 1), strict=True)]
    return sorted(pairs, key=lambda pair: float(np.linalg.norm(means[pair[0]] - means[pair[1]])))


def spread(codes: Plane) -> dict[str, float]:
    """How far the codes as a whole are from N(0, I): in their means, and in their standard deviations."""
    return {
        "off_centre": float(np.abs(codes.mean(0)).max()),
        "narrowest": float(codes.std(0).min()),
        "widest": float(codes.std(0).max()),
    }


def normal_grid() -> Float[Tensor, "row column 2"]:
    """Codes in a square, between the same quantiles of N(0, I) on both axes."""
    line = norm.ppf(np.linspace(EDGE, 1.0 - EDGE, GRID))
    return _square(line, line)


def grid_of(codes: Plane) -> Float[Tensor, "row column 2"]:
    """Codes in a rectangle, evenly from quantile to quantile of these codes on either axis."""
    low, high = np.quantile(codes, [EDGE, 1.0 - EDGE], axis=0)
    return _square(*(np.linspace(low[axis], high[axis], GRID) for axis in (0, 1)))


def _square(first: np.ndarray, second: np.ndarray) -> Float[Tensor, "row column 2"]:
    return torch.from_numpy(np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1)).float()


@torch.no_grad()
def step_percent(decode: Callable[[Tensor], Tensor], grid: Float[Tensor, "row column 2"]) -> float:
    """Mean distance of pictures of neighbouring codes, in per cent of that of all pairs of the grid."""
    pictures = decode(grid.flatten(0, 1)).flatten(1).double().unflatten(0, (GRID, GRID))
    steps = [(pictures[1:] - pictures[:-1]).norm(dim=2), (pictures[:, 1:] - pictures[:, :-1]).norm(dim=2)]
    pairs = torch.nn.functional.pdist(pictures.flatten(0, 1))
    return 100.0 * (torch.cat([part.flatten() for part in steps]).mean() / pairs.mean()).item()
