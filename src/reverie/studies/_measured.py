"""Measured: one number a seed becomes one row of a study's table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.ops.intervals import student_interval

Results = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Measured:
    """One quantity over the seeds."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def worst(self) -> float:
        """The largest of all seeds."""
        return max(self.values)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean; seeds are the repetitions."""
        return student_interval(self.values)


@dataclass(frozen=True)
class Quantity:
    """What a row of the table is about."""

    key: str
    """Name of the number in each seed's result."""
    words: str
    """What it is, with its unit, for a reader who knows only the title of the page."""
    needed: str = ""
    """What the study asks of it; empty for numbers that stand beside it for comparison."""
    digits: int = 3
    """Significant digits to show."""


def measured(results: Results, key: str) -> Measured:
    """The quantity with this name, over the seeds."""
    return Measured(tuple(float(result[key]) for result in results))


def rows(results: Results, quantities: Sequence[Quantity]) -> list[dict[str, Any]]:
    """One row a quantity: mean over seeds, interval of the mean, the value of each seed, what is needed."""
    return [_row(measured(results, quantity.key), quantity) for quantity in quantities]


def number(value: float, digits: int = 3) -> str:
    """So many significant digits; thousands apart from 1000 on."""
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}".replace(",", " ")


def seeds(results: Results) -> str:
    """How many seeds, in words."""
    return "one seed" if len(results) == 1 else f"{len(results)} seeds"


def between(found: Measured, digits: int = 3) -> str:
    """The interval in words."""
    if len(found.values) == 1:
        return "none from one seed"
    low, high = found.interval
    return f"{number(low, digits)} to {number(high, digits)}"


def _row(found: Measured, quantity: Quantity) -> dict[str, Any]:
    return {
        "measured": quantity.words,
        "mean": number(found.mean, quantity.digits),
        "95 % interval": between(found, quantity.digits),
        "seeds": ", ".join(number(value, quantity.digits) for value in found.values),
        "needed": quantity.needed,
    }
