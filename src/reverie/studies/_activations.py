"""Activations: six functions and their slopes by formula, against torch's and against small differences.

Source: Kochenderfer et al., Algorithms for Decision Making, figure D.2 (the functions).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn import functional

Numbers = Float64[np.ndarray, " number"]
STEP = 1e-6
LEAK = 0.01


@dataclass(frozen=True)
class Activation:
    """A function of a number, its slope, and torch's name for it."""

    value: Callable[[Numbers], Numbers]
    slope: Callable[[Numbers], Numbers]
    torch: Callable[[Tensor], Tensor]


def sigmoid(x: Numbers) -> Numbers:
    """1 / (1 + exp(-x)), also where exp(-x) is too large to be a number."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, small) / (1.0 + small)


ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, lambda x: sigmoid(x) * sigmoid(-x), torch.sigmoid),
    "tanh": Activation(np.tanh, lambda x: 1.0 - np.tanh(x) ** 2, torch.tanh),
    "softplus": Activation(lambda x: np.logaddexp(0.0, x), sigmoid, functional.softplus),
    "relu": Activation(lambda x: np.maximum(x, 0.0), lambda x: np.where(x > 0.0, 1.0, 0.0), torch.relu),
    "leaky relu": Activation(
        lambda x: np.where(x > 0.0, x, LEAK * x),
        lambda x: np.where(x > 0.0, 1.0, LEAK),
        lambda x: functional.leaky_relu(x, LEAK),
    ),
    "swish": Activation(
        lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1.0 + x * sigmoid(-x)), functional.silu
    ),
}


def compare(generator: np.random.Generator) -> dict[str, float]:
    """Largest differences at 200 random numbers: values and slopes from torch, slopes from differences."""
    # Away from zero, where two of them have no slope; beyond 20, torch's softplus is the number itself.
    x = generator.uniform(0.01, 15.0, 200) * generator.choice([-1.0, 1.0], 200)
    found = {"activation_values": 0.0, "activation_slopes": 0.0, "activation_differences": 0.0}
    for activation in ACTIVATIONS.values():
        points = torch.from_numpy(x).requires_grad_()
        values = activation.torch(points)
        (slopes,) = torch.autograd.grad(values.sum(), points)
        rise = activation.value(x + STEP) - activation.value(x - STEP)
        for key, one, other in (
            ("values", values.detach().numpy(), activation.value(x)),
            ("slopes", slopes.numpy(), activation.slope(x)),
            ("differences", rise / (2.0 * STEP), activation.slope(x)),
        ):
            found[f"activation_{key}"] = max(found[f"activation_{key}"], float(np.abs(one - other).max()))
    return found


def softmax(scores: Float64[np.ndarray, "row score"]) -> Float64[np.ndarray, "row score"]:
    """Shares of each row, by eq. D.4 less the largest score, which changes nothing but the range."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)
