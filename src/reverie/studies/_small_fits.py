"""Small fits: a function of one number, and a circle in a square, each with and without nonlinearities."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from reverie.core.seeds import torch_generator
from reverie.studies._first_weights import redrawn

STEPS, RATE = 2000, 1e-2
UNITS = 10
POINTS, TESTED = 1000, 10_000
RADIUS = math.sqrt(2.0 / math.pi)
"""The circle covers half of the square from -1 to 1."""


def line_of(number: Float[Tensor, "point 1"]) -> Float[Tensor, "point 1"]:
    """What is fitted: sin(4 x) + x / 2 for x from -1 to 1."""
    return torch.sin(4.0 * number) + 0.5 * number


def curve_network(activation: type[nn.Module]) -> nn.Sequential:
    """Four affine layers, 1 to 10 to 10 to 10 to 1, with the activation between them."""
    return nn.Sequential(
        nn.Linear(1, UNITS), activation(), nn.Linear(UNITS, UNITS), activation(),
        nn.Linear(UNITS, UNITS), activation(), nn.Linear(UNITS, 1),
    )  # fmt: skip


def curve(activation: type[nn.Module], seed: int) -> float:
    """Squared error at points between those that were learnt from, in per cent of the variance."""
    network = redrawn(curve_network(activation), torch_generator(seed, "curve"))
    given = torch.linspace(-1.0, 1.0, 101)[:, None]
    asked = torch.linspace(-0.99, 0.99, 100)[:, None]
    descend(network, lambda: (network(given) - line_of(given)).square().mean())
    with torch.no_grad():
        error = (network(asked) - line_of(asked)).square().mean() / line_of(asked).var(correction=0)
    return 100.0 * error.item()


def circle_network(hidden: bool) -> nn.Sequential:
    """Scores of outside and inside: two affine layers with tanh between them, or one."""
    if hidden:
        return nn.Sequential(nn.Linear(2, UNITS), nn.Tanh(), nn.Linear(UNITS, 2))
    return nn.Sequential(nn.Linear(2, 2))


def circle(hidden: bool, seed: int) -> float:
    """Per cent of new points in the square that are rightly called inside or outside of the circle."""
    network = redrawn(circle_network(hidden), torch_generator(seed, "circle"))
    points, inside = square(POINTS, torch_generator(seed, "points"))
    descend(network, lambda: cross_entropy(network(points), inside))
    points, inside = square(TESTED, torch_generator(seed, "tested"))
    with torch.no_grad():
        return 100.0 * (network(points).argmax(1) == inside).double().mean().item()


def square(count: int, generator: torch.Generator) -> tuple[Float[Tensor, "point 2"], Tensor]:
    """Points of the square, and for each whether it is in the circle."""
    points = torch.empty(count, 2).uniform_(-1.0, 1.0, generator=generator)
    return points, (points.square().sum(1) < RADIUS**2).long()


def descend(network: nn.Module, loss: Callable[[], Tensor]) -> None:
    """Lower the loss by Adam, whose rate falls to nothing along a cosine."""
    optimiser = torch.optim.Adam(network.parameters(), RATE, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
        schedule.step()
