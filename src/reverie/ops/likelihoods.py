"""Log-likelihoods of frames and of codes, one number an image, in nats; and bounds made of them."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

LOG_TWO_PI = math.log(2.0 * math.pi)


def bernoulli_log_likelihood(
    frames: Float[Tensor, "batch *frame"], probabilities: Float[Tensor, "batch *frame"]
) -> Float[Tensor, " batch"]:
    """Log-probability of each frame when its pixels are independent coins, summed over pixels, in nats.

    The negative of the binary cross entropy; grey pixels count as weights of the two sides, so the best value
    is minus the entropy of the frame, not zero. Probabilities are kept one float32 step away from 0 and 1.
    Raises ValueError for frames outside [0, 1].
    Source: Kingma & Welling 2014, appendix C.1.
    """
    check_unit_range(frames)
    step = torch.finfo(torch.float32).eps
    inside = probabilities.clamp(step, 1.0 - step)
    return (frames * inside.log() + (1.0 - frames) * torch.log1p(-inside)).flatten(1).sum(1)


def gaussian_log_likelihood(
    frames: Float[Tensor, "batch *frame"], location: Float[Tensor, "batch *frame"], deviation: float
) -> Float[Tensor, " batch"]:
    """Log-density of each frame when its pixels are normal around `location`, summed over pixels, in nats.

    `deviation` is the standard deviation of every pixel; the constant is included.
    Source: Kingma & Welling 2014, appendix C.2, with one fixed deviation.
    """
    scaled = ((frames - location) / deviation).square().flatten(1)
    return -0.5 * (scaled.sum(1) + scaled.shape[1] * (LOG_TWO_PI + 2.0 * math.log(deviation)))


def diagonal_gaussian_log_density(
    codes: Float[Tensor, "*shape unit"],
    location: Float[Tensor, "*shape unit"],
    log_variance: Float[Tensor, "*shape unit"],
) -> Float[Tensor, "*shape"]:
    """Log-density of each code under independent normal units, summed over units, in nats."""
    scaled = (codes - location).square() / log_variance.exp()
    return -0.5 * (scaled + log_variance + LOG_TWO_PI).sum(-1)


def importance_bound(log_weights: Float[Tensor, "samples batch"]) -> Float[Tensor, " batch"]:
    """Bound on log p(frame) from several samples a frame, in nats: the log of the mean weight.

    `log_weights` are log p(frame, code) - log q(code | frame) with codes drawn from q. One sample gives the
    evidence lower bound; more samples tighten it, up to log p(frame).
    Source: Burda, Grosse & Salakhutdinov 2016, eq. 8.
    """
    return torch.logsumexp(log_weights, dim=0) - math.log(log_weights.shape[0])


def prior_estimate(log_likelihoods: Float[Tensor, "samples batch"]) -> Float[Tensor, " batch"]:
    """Naive estimate of log p(frame), in nats: the log of the mean likelihood under codes from the prior.

    `log_likelihoods` are log p(frame | code) with codes drawn from the prior. Before the logarithm it is
    unbiased, but its variance is hopeless where few prior codes explain the frame.
    Source: Kingma & Welling 2014, section 1 (why the posterior is sampled instead).
    """
    return torch.logsumexp(log_likelihoods, dim=0) - math.log(log_likelihoods.shape[0])


def check_unit_range(frames: Float[Tensor, "*shape"]) -> None:
    """Raise ValueError unless all values lie in [0, 1]."""
    lowest, highest = (value.item() for value in frames.detach().aminmax())
    if not (lowest >= 0.0 and highest <= 1.0):
        remedy = "divide bytes by 255, and do not centre them"
        raise ValueError(f"frames must lie in [0, 1], got {lowest:.3g} to {highest:.3g}; {remedy}")
