"""Mixtures of normals: log-density and draws, of every number for itself or of a vector as a whole."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.ops.likelihoods import LOG_TWO_PI


def normal_log_density(
    values: Float[Tensor, "*shape"], location: Float[Tensor, "*shape"], log_scale: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """Log-density of each value under a normal of its own, whose log-deviation is `log_scale`, in nats."""
    scaled = (values - location) * torch.exp(-log_scale)
    return -0.5 * (scaled.square() + LOG_TWO_PI) - log_scale


def unit_mixture_log_prob(
    values: Float[Tensor, "*batch unit"],
    logits: Float[Tensor, "*batch unit component"],
    location: Float[Tensor, "*batch unit component"],
    log_scale: Float[Tensor, "*batch unit component"],
) -> Float[Tensor, "*batch unit"]:
    """Log-density of each number under a mixture of its own, in nats.

    Added up as log-sum-exp, so that a value far from every component has a small log-density, not minus
    infinity. Source: Ha & Schmidhuber 2018, World Models, appendix A.2; Bishop 1994, eq. 25.
    """
    spread = values.unsqueeze(-1).expand_as(location)
    return torch.logsumexp(logits.log_softmax(-1) + normal_log_density(spread, location, log_scale), -1)


def joint_mixture_log_prob(
    values: Float[Tensor, "*batch unit"],
    logits: Float[Tensor, "*batch component"],
    location: Float[Tensor, "*batch unit component"],
    log_scale: Float[Tensor, "*batch unit component"],
) -> Float[Tensor, "*batch"]:
    """Log-density of each vector under one mixture of diagonal normals, in nats.

    Source: Bishop 1994, eq. 25.
    """
    spread = values.unsqueeze(-1).expand_as(location)
    return torch.logsumexp(
        logits.log_softmax(-1) + normal_log_density(spread, location, log_scale).sum(-2), -1
    )


def choose(
    logits: Float[Tensor, "*batch component"], uniform: Float[Tensor, "*batch"], temperature: float
) -> Int64[Tensor, "*batch"]:
    """The component of each mixture that a uniform number falls into, under softmax(logits / temperature).

    Numbers lie in [0, 1). Near temperature 0 it is the likeliest one.
    Source: Ha & Schmidhuber 2018, section 4 (temperature).
    """
    borders = (logits / temperature).softmax(-1).cumsum(-1)[..., :-1]
    # Counted down from 1, which uniform numbers never are: at 0 a component of no weight would be chosen.
    return ((1.0 - uniform).unsqueeze(-1) > borders).sum(-1)


def scattered(
    location: Float[Tensor, "*shape"],
    log_scale: Float[Tensor, "*shape"],
    noise: Float[Tensor, "*shape"],
    temperature: float,
) -> Float[Tensor, "*shape"]:
    """Each normal's draw for a standard normal number, deviations times the root of the temperature."""
    return location + math.sqrt(temperature) * torch.exp(log_scale) * noise
