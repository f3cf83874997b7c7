"""Networks with one hidden layer, one for each factor, trained side by side."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

Weights = list[Float[Tensor, "factor _ _"]]


@dataclass(frozen=True)
class Networks:
    """What training takes: sizes, patience, and the size of a step."""

    hidden_size: int = 64
    epochs: int = 200
    patience: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1.0


@dataclass(frozen=True)
class Side:
    """Standardised codes and factors of one side of the inner split."""

    codes: Float[Tensor, "sample unit"]
    factors: Float[Tensor, "sample factor"]


def train(plan: Networks, fit: Side, validation: Side, generator: torch.Generator) -> Weights:
    """Weights of each factor's network at its own best epoch on the validation side."""
    weights = _initial(fit.codes.shape[1], fit.factors.shape[1], plan.hidden_size, generator)
    adam = torch.optim.AdamW(weights, lr=plan.learning_rate, weight_decay=plan.weight_decay)
    best = [part.detach().clone() for part in weights]
    lowest, waited = _errors(weights, validation), 0
    for _ in range(plan.epochs):
        for rows in torch.randperm(len(fit.codes), generator=generator).split(plan.batch_size):
            _step(weights, Side(fit.codes[rows], fit.factors[rows]), adam)
        errors = _errors(weights, validation)
        better = errors < lowest
        for kept, part in zip(best, weights, strict=True):
            kept[better] = part.detach()[better]
        waited = 0 if bool((errors < 0.999 * lowest).any()) else waited + 1
        lowest = torch.minimum(errors, lowest)
        if waited >= plan.patience:
            break
    return best


def predict(weights: Weights, codes: Float[Tensor, "sample unit"]) -> Float[Tensor, "sample factor"]:
    """The answer of each factor's network."""
    first, shift, second, offset = weights
    hidden = torch.relu(torch.baddbmm(shift, codes.expand(len(first), -1, -1), first))
    return torch.baddbmm(offset, hidden, second).squeeze(2).T


def _step(weights: Weights, batch: Side, adam: torch.optim.Optimizer) -> None:
    adam.zero_grad(set_to_none=True)
    # Summed over factors: each network sees the gradient of its own error only.
    (predict(weights, batch.codes) - batch.factors).square().mean(0).sum().backward()
    adam.step()


@torch.no_grad()
def _errors(weights: Weights, side: Side) -> Float[Tensor, " factor"]:
    return (predict(weights, side.codes) - side.factors).square().mean(0)


def _initial(units: int, factors: int, hidden: int, generator: torch.Generator) -> Weights:
    """He's initialisation for the hidden layer, zeros for the answer.

    Before the first step the answer is the mean: whoever learns nothing scores zero, not less.
    Source: He et al. 2015, eq. 10.
    """
    first = torch.empty(factors, units, hidden).normal_(std=(2 / units) ** 0.5, generator=generator)
    parts = [
        first,
        torch.zeros(factors, 1, hidden),
        torch.zeros(factors, hidden, 1),
        torch.zeros(factors, 1, 1),
    ]
    return [part.requires_grad_() for part in parts]
