"""Cross entropy of a pixel: its formula, where it is least, how small it gets, what summing changes."""

import math

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy

from reverie.core.seeds import numpy_generator
from reverie.ops.likelihoods import bernoulli_log_likelihood

PIXELS = 784
WANTED = tuple(round(0.1 * tenth, 1) for tenth in range(11))
GRID = 10_001
"""Guesses from 0 to 1 among which the best is looked for."""


def facts(seed: int) -> dict[str, float]:
    """Differences from the formula, from torch, from the entropy, and between a picture and its negative."""
    generator = numpy_generator(seed, "cross-entropy")
    wanted, guess = generator.uniform(0.0, 1.0, PIXELS), generator.uniform(0.01, 0.99, PIXELS)
    by_hand = np.array([formula(c, p) for c, p in zip(wanted, guess, strict=True)])
    pixels, guesses = (torch.from_numpy(part)[:, None] for part in (wanted, guess))
    ours = -bernoulli_log_likelihood(pixels, guesses)
    negative = -bernoulli_log_likelihood(1.0 - pixels, 1.0 - guesses)
    theirs = binary_cross_entropy(guesses, pixels, reduction="none")[:, 0]
    return {
        "formula": float(np.abs(ours.numpy() - by_hand).max()),
        "torch": (ours - theirs).abs().max().item(),
        "negative": (ours - negative).abs().max().item(),
    } | least() | reduced(pixels, guesses)  # fmt: skip


def formula(wanted: float, guess: float) -> float:
    """-c log p - (1 - c) log(1 - p) of one pixel, in nats."""
    return -wanted * math.log(guess) - (1.0 - wanted) * math.log(1.0 - guess)


def least() -> dict[str, float]:
    """How far the best guess is from the pixel, and the least value from its entropy; that of mid-grey."""
    guesses = torch.linspace(0.0, 1.0, GRID, dtype=torch.float64)[:, None]
    places, gaps = [], []
    for wanted in WANTED:
        values = -bernoulli_log_likelihood(torch.full_like(guesses, wanted), guesses)
        places.append(abs(guesses[values.argmin()].item() - wanted))
        entropy = torch.distributions.Bernoulli(torch.tensor(wanted, dtype=torch.float64)).entropy().item()
        gaps.append(abs(values.min().item() - entropy))
    grey = torch.full((1, 1), 0.5, dtype=torch.float64)
    return {
        "argmin": max(places),
        "entropy": max(gaps),
        "grey_least": -bernoulli_log_likelihood(grey, grey).item(),
    }


def reduced(pixels: torch.Tensor, guesses: torch.Tensor) -> dict[str, float]:
    """Ratio of the sum over pixels to their mean: of the loss, and of its gradient's length."""
    guesses = guesses.clone().requires_grad_()
    found = []
    for reduction in ("sum", "mean"):
        loss = binary_cross_entropy(guesses, pixels, reduction=reduction)
        (gradient,) = torch.autograd.grad(loss, guesses)
        found.append((loss.item(), gradient.norm().item()))
    (loss, gradient), (mean, mean_gradient) = found
    return {"sum_over_mean": loss / mean, "gradient_sum_over_mean": gradient / mean_gradient}
