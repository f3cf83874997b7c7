"""Nearest neighbours: how far points are from a cloud of others."""

import torch
from jaxtyping import Float
from torch import Tensor

ROWS = 1024
"""Points whose distances are worked out at once: memory is bounded by ROWS times the size of the cloud."""


def nearest_distances(
    points: Float[Tensor, "point unit"], cloud: Float[Tensor, "other unit"]
) -> Float[Tensor, " point"]:
    """Euclidean distance of each point to the nearest of the cloud. Source: Cover & Hart 1967."""
    return torch.cat([torch.cdist(part, cloud).min(1).values for part in points.split(ROWS)])
