"""Which units of a code carry nothing."""

from jaxtyping import Float
from torch import Tensor

from reverie.core.shapes import Codes

LEAST_VARIANCE = 1e-6
"""Variance over frames, relative to the most varying unit, under which a unit says nothing."""
LEAST_NATS = 0.01
"""Mean divergence from the prior under which a unit of a belief says nothing."""


def collapsed_units(means: Codes, kl: Float[Tensor, "batch code"]) -> list[int]:
    """Indices of units that say nothing about the frames.

    A unit has collapsed when its mean hardly varies, or when its belief is the prior's whatever the frame.
    Point codes have no divergence at all; for them only the variance counts.
    Source: Burda et al. 2016, section 5, for the variance of means as activity.
    """
    variance = means.var(dim=0)
    silent = variance <= LEAST_VARIANCE * variance.max()
    if kl.any():
        silent |= kl.mean(dim=0) < LEAST_NATS
    return [int(unit) for unit in silent.nonzero().flatten()]
