"""Measured: one number a seed becomes one row of a study's table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.ops.intervals import student_interval

Results = Sequence[Mapping[str, Any]]

NOTE = "Intervals are Student's over seeds; they may reach below zero where the quantity itself cannot."
"""What a reader of such a table should know."""


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
    decimals: int | None = None
    """Decimals to show; three significant digits where there is no number here."""


def measured(results: Results, key: str) -> Measured:
    """The quantity with this name, over the seeds."""
    return Measured(tuple(float(result[key]) for result in results))


def keys(results: Results) -> list[str]:
    """Names of the numbers in a seed's result; how it was made stands beside them."""
    return [key for key, value in results[0].items() if isinstance(value, int | float)]


def rows(results: Results, quantities: Sequence[Quantity]) -> list[dict[str, Any]]:
    """One row a quantity: mean over seeds, interval of the mean, the value of each seed, what is needed."""
    return [_row(measured(results, quantity.key), quantity) for quantity in quantities]


def number(value: float, decimals: int | None = None) -> str:
    """So many decimals, or three significant digits; from 1000 on whole, with thousands apart."""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}" if decimals is None else f"{value:.{decimals}f}"


def seeds(results: Results) -> str:
    """How many seeds, in words."""
    return "one seed" if len(results) == 1 else f"{len(results)} seeds"


def between(found: Measured, decimals: int | None = None) -> str:
    """The interval in words."""
    if len(found.values) == 1:
        return "none from one seed"
    low, high = found.interval
    return f"{number(low, decimals)} to {number(high, decimals)}"


def _row(found: Measured, quantity: Quantity) -> dict[str, Any]:
    return {
        "measured": quantity.words,
        "mean": number(found.mean, quantity.decimals),
        "95 % interval": between(found, quantity.decimals),
        "seeds": ", ".join(number(value, quantity.decimals) for value in found.values),
        "needed": quantity.needed,
    }
