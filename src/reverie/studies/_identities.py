"""Identities: the closed-form divergence and the reparameterised gradient against their definitions."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from reverie.core.posterior import DiagonalGaussian
from reverie.core.seeds import torch_generator
from reverie.ops.divergences import gaussian_kl

BELIEFS, UNITS = 64, 8
DIVERGENCE_SAMPLES = 100_000
GRADIENT_SAMPLES = 4_000_000
CHUNK = 500_000


def divergences(seed: int) -> dict[str, Any]:
    """Largest differences from torch.distributions in nats, and from sampling in per cent."""
    generator = torch_generator(seed, "divergences")
    belief, other = _beliefs(generator), _beliefs(generator)
    found = belief.kl()
    exact = kl_divergence(_normal(belief), Normal(torch.zeros_like(found), torch.ones_like(found)))
    between = gaussian_kl(belief.location, belief.log_variance, other.location, other.log_variance)
    exact_between = kl_divergence(_normal(belief), _normal(other))
    return {
        "kl_difference": (found - exact).abs().max().item(),
        "single_kl_difference": _single_precision(belief),
        "general_kl_difference": ((between - exact_between) / exact_between.clamp(min=1.0))
        .abs()
        .max()
        .item(),
        "kl_sampled_percent": _sampled_percent(belief, generator),
    }


def gradients(seed: int) -> dict[str, Any]:
    """Errors in per cent of the gradients of E[z'Az + b'z] through rsample, against the analytic ones.

    With A symmetric: 2 A m + b for the mean m, and diag(A) s^2 for the log of the variance s^2.
    """
    generator = torch_generator(seed, "gradients")
    matrix = torch.empty(UNITS, UNITS, dtype=torch.float64).normal_(generator=generator)
    matrix = matrix @ matrix.T / UNITS + torch.eye(UNITS, dtype=torch.float64)
    linear = torch.empty(UNITS, dtype=torch.float64).normal_(generator=generator)
    location = torch.empty(UNITS, dtype=torch.float64).normal_(generator=generator).requires_grad_()
    log_variance = torch.empty(UNITS, dtype=torch.float64).uniform_(-1.0, 1.0, generator=generator)
    log_variance.requires_grad_()
    for _ in range(GRADIENT_SAMPLES // CHUNK):
        belief = DiagonalGaussian(location.expand(CHUNK, UNITS), log_variance.expand(CHUNK, UNITS))
        codes = belief.rsample(generator)
        quadratic = ((codes @ matrix) * codes).sum(1) + codes @ linear
        (quadratic.sum() / GRADIENT_SAMPLES).backward()
    assert location.grad is not None and log_variance.grad is not None
    with torch.no_grad():
        wanted = 2.0 * matrix @ location + linear, matrix.diagonal() * log_variance.exp()
    return {
        "location_gradient_percent": _percent(location.grad, wanted[0]),
        "log_variance_gradient_percent": _percent(log_variance.grad, wanted[1]),
    }


def _sampled_percent(belief: DiagonalGaussian, generator: torch.Generator) -> float:
    """Largest error in per cent of the divergence of a whole code as a mean over samples."""
    worst = 0.0
    for location, log_variance in zip(belief.location, belief.log_variance, strict=True):
        shape = (DIVERGENCE_SAMPLES, UNITS)
        one = DiagonalGaussian(location.expand(shape), log_variance.expand(shape))
        codes = one.rsample(generator)
        prior = Independent(Normal(torch.zeros(UNITS).double(), torch.ones(UNITS).double()), 1)
        ratio = Independent(_normal(one), 1).log_prob(codes) - prior.log_prob(codes)
        wanted = one.kl()[0].sum()
        worst = max(worst, 100.0 * ((ratio.mean() - wanted) / wanted).abs().item())
    return worst


def _single_precision(belief: DiagonalGaussian) -> float:
    """Largest difference for single-precision beliefs, as networks make them; relative above one nat."""
    rounded = DiagonalGaussian(belief.location.float(), belief.log_variance.float())
    same = DiagonalGaussian(rounded.location.double(), rounded.log_variance.double())
    exact = kl_divergence(
        _normal(same), Normal(torch.zeros_like(same.location), torch.ones_like(same.location))
    )
    return ((rounded.kl().double() - exact) / exact.clamp(min=1.0)).abs().max().item()


def _beliefs(generator: torch.Generator) -> DiagonalGaussian:
    location = torch.empty(BELIEFS, UNITS, dtype=torch.float64).normal_(0.0, 2.0, generator=generator)
    log_variance = torch.empty(BELIEFS, UNITS, dtype=torch.float64).uniform_(-5.0, 1.0, generator=generator)
    return DiagonalGaussian(location, log_variance)


def _normal(belief: DiagonalGaussian) -> Normal:
    return Normal(belief.location, (0.5 * belief.log_variance).exp())


def _percent(found: Float[Tensor, " unit"], wanted: Float[Tensor, " unit"]) -> float:
    """Length of the difference in per cent of the length wanted."""
    return 100.0 * ((found - wanted).norm() / wanted.norm()).item()
