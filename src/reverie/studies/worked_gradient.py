"""Worked gradient: a house price by hand, by a tape, by torch; and mini-batches that are right on average."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from reverie.core.console import Console
from reverie.core.seeds import numpy_generator
from reverie.ops.tape import FUNCTIONS, Node, backward, ordered
from reverie.studies._measured import Quantity, Results, measured, number, rows, seeds
from reverie.studies._study import StudyConfig, Verdict, thresholds

FIRST, SLOPE, AREA, PRICE = 10_000.0, 123.0, 2_500.0, 360_000.0
"""Parameters, input and target of example D.2."""
BY_HAND = {"c1": 307_500.0, "predicted": 317_500.0, "c2": -42_500.0, "loss": 1_806_250_000.0}
GRADIENT = (-85_000.0, -212_500_000.0)
STEP = 1e-8
GRAPHS, NODES, LEAVES = 200, 25, 4
HOUSES, BATCH = 1000, 50


@dataclass(frozen=True, kw_only=True)
class WorkedGradientConfig(StudyConfig):
    """Example D.2 to the last digit, 200 random computations against torch, mini-batches of a regression."""

    catalogue: ClassVar[str] = "B23"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Everything anew with the seed's random computations and houses; no learning."""
        return {"seed": seed} | example() | {"tape": graphs(seed)} | mini_batches(seed)

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Passed when everything holds for every seed: all of it is arithmetic."""
        limits = thresholds("worked-gradient")
        worst = {key: measured(results, key).worst for key in ("by_hand", "by_torch", "tape", "mini_batches")}
        claims = {
            "every number of the example is the printed one, on the tape": worst["by_hand"] == 0.0,
            "torch has the same gradient, and so have differences": worst["by_torch"] == 0.0
            and measured(results, "by_differences").worst <= limits["differences"],
            f"a step of {STEP:g} against the gradient lowers the loss": all(
                result["after"] < result["before"] for result in results
            ),
            f"tape and torch agree within {limits['tape']:g} on random computations": (
                worst["tape"] <= limits["tape"]
            ),
            f"the mean over all mini-batches is the full gradient within {limits['mini_batches']:g}": (
                worst["mini_batches"] <= limits["mini_batches"]
            ),
        }
        status = "passed" if all(claims.values()) else "failed"
        return Verdict(status, claims, rows(results, _quantities(limits)), _text(results))


def house(first: float, slope: float) -> tuple[dict[str, Node], Node, Node]:
    """The example's computation: its numbers by name, and its two parameters."""
    one, two = Node(first, "theta1"), Node(slope, "theta2")
    c1 = two * AREA
    predicted = one + c1
    c2 = predicted - PRICE
    return {"c1": c1, "predicted": predicted, "c2": c2, "loss": c2.squared()}, one, two


def example() -> dict[str, float]:
    """Largest differences from the printed numbers and from torch; the loss before and after a step."""
    numbers, first, slope = house(FIRST, SLOPE)
    backward(numbers["loss"])
    found = (first.gradient, slope.gradient)
    printed = [abs(numbers[name].value - value) for name, value in BY_HAND.items()]
    printed += [abs(one - two) for one, two in zip(found, GRADIENT, strict=True)]
    theta = torch.tensor([FIRST, SLOPE], dtype=torch.float64, requires_grad=True)
    loss = (theta[0] + theta[1] * AREA - PRICE).square()
    (gradient,) = torch.autograd.grad(loss, theta)
    # A parabola's central differences are exact but for rounding; powers of two keep that small.
    differences = [
        (_loss(FIRST + 1.0, SLOPE) - _loss(FIRST - 1.0, SLOPE)) / 2.0,
        (_loss(FIRST, SLOPE + 1.0) - _loss(FIRST, SLOPE - 1.0)) / 2.0,
    ]
    return {
        "by_hand": max(printed),
        "by_torch": float(np.abs(gradient.numpy() - found).max()),
        "by_differences": float(np.abs(np.divide(differences, found) - 1.0).max()),
        "before": _loss(FIRST, SLOPE),
        "after": _loss(FIRST - STEP * found[0], SLOPE - STEP * found[1]),
    }


def _loss(first: float, slope: float) -> float:
    return house(first, slope)[0]["loss"].value


def graphs(seed: int) -> float:
    """Largest difference of gradients between tape and torch over random computations, relative above one."""
    generator = numpy_generator(seed, "graphs")
    return max(_graph(generator) for _ in range(GRAPHS))


def _graph(generator: np.random.Generator) -> float:
    leaves = [Node(float(value), "leaf") for value in generator.normal(size=LEAVES)]
    tensors = [torch.tensor(leaf.value, dtype=torch.float64, requires_grad=True) for leaf in leaves]
    nodes, values = list(leaves), list(tensors)
    for _ in range(NODES):
        one, other = generator.integers(len(nodes), size=2)
        kind = ("+", "-", "*", "sin", "tanh")[generator.integers(5)]
        if kind in FUNCTIONS:
            nodes.append(FUNCTIONS[kind](nodes[one]))
            values.append({"sin": torch.sin, "tanh": torch.tanh}[kind](values[one]))
        else:
            nodes.append(
                {"+": Node.__add__, "-": Node.__sub__, "*": Node.__mul__}[kind](nodes[one], nodes[other])
            )
            values.append({"+": torch.add, "-": torch.sub, "*": torch.mul}[kind](values[one], values[other]))
        if abs(nodes[-1].value) > 1e3:
            nodes[-1], values[-1] = sin_of(nodes[-1], values[-1])
    backward(nodes[-1])
    expected = torch.autograd.grad(values[-1], tensors, allow_unused=True)
    reached = {id(node) for node in ordered(nodes[-1])}
    wanted = [0.0 if part is None else part.item() for part in expected]
    got = [leaf.gradient if id(leaf) in reached else 0.0 for leaf in leaves]
    return max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(got, wanted, strict=True))


def sin_of(node: Node, value: torch.Tensor) -> tuple[Node, torch.Tensor]:
    """The sine of both, which keeps products from growing without end."""
    return FUNCTIONS["sin"](node), torch.sin(value)


def mini_batches(seed: int) -> dict[str, float]:
    """How far the mean gradient over all mini-batches is from the full one, and how far one of them is."""
    generator = numpy_generator(seed, "houses")
    area = generator.uniform(0.5, 4.0, HOUSES)
    price = 0.4 + 1.2 * area + 0.3 * generator.standard_normal(HOUSES)
    order = generator.permutation(HOUSES).reshape(-1, BATCH)
    full = _gradient(area, price)
    parts = np.stack([_gradient(area[batch], price[batch]) for batch in order])
    return {
        "mini_batches": float(np.abs(parts.mean(0) - full).max()),
        "one_batch": float(np.abs(parts - full).max(1).mean()),
    }


def _gradient(area: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Of the mean squared error of a price of 0.1 + area, by both parameters."""
    error = 0.1 + area - price
    return np.array([2.0 * error.mean(), 2.0 * (error * area).mean()])


def _quantities(limits: dict[str, Any]) -> list[Quantity]:
    return [
        Quantity("by_hand", "example D.2: largest difference from the printed numbers", "0"),
        Quantity("by_torch", "example D.2: largest difference from torch's gradient", "0"),
        Quantity(
            "by_differences", "example D.2: relative to central differences", f"<= {limits['differences']:g}"
        ),
        Quantity("before", "loss before the step"),
        Quantity("after", f"loss after a step of {STEP:g}", "lower"),
        Quantity("tape", f"tape against torch, {GRAPHS} random computations", f"<= {limits['tape']:g}"),
        Quantity(
            "mini_batches", "mean over mini-batches less full gradient", f"<= {limits['mini_batches']:g}"
        ),
        Quantity("one_batch", "a single mini-batch less full gradient"),
    ]


def _text(results: Results) -> str:
    tape, mean, one = (number(measured(results, key).worst) for key in ("tape", "mini_batches", "one_batch"))
    return (
        "Does reverse accumulation give the gradient that the textbook works out by hand?\n\n"
        f"On the tape (ops/tape.py) the house price of example D.2 has the gradient {GRADIENT[0]:,.0f} and "
        f"{GRADIENT[1]:,.0f}; the largest difference from the printed numbers is "
        f"{number(measured(results, 'by_hand').worst)}. Over {seeds(results)} of {GRAPHS} random "
        f"computations tape and torch differ by at most {tape}. The mean over all mini-batches of "
        f"{BATCH} houses differs from the full gradient by at most {mean}, a single one by {one} on average."
    )
