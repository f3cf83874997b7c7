"""Divergences between distributions, in nats."""

from jaxtyping import Float
from torch import Tensor


def gaussian_kl(
    location: Float[Tensor, "*shape"],
    log_variance: Float[Tensor, "*shape"],
    other_location: Float[Tensor, "*shape"],
    other_log_variance: Float[Tensor, "*shape"],
) -> Float[Tensor, "*shape"]:
    """KL(N(m, s^2) || N(m', s'^2)) of every unit, in nats, not reduced.

    Source: Kochenderfer et al., Algorithms for Decision Making, appendix D, footnote 13, which calls the two
    normal distributions "unit Gaussians"; univariate is meant.
    """
    difference = (location - other_location).square() / other_log_variance.exp()
    ratio = (log_variance - other_log_variance).exp()
    return 0.5 * (other_log_variance - log_variance + ratio + difference - 1.0)
