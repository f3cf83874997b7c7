"""Feedforward networks: what affine layers can do alone, and what activations between them add."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from reverie.core.console import Console
from reverie.core.seeds import numpy_generator
from reverie.studies._activations import compare, softmax
from reverie.studies._measured import Quantity, Results, measured, number, rows, seeds
from reverie.studies._small_fits import RATE, STEPS, circle, curve, curve_network
from reverie.studies._study import StudyConfig, Verdict, thresholds

LARGE = 1e4
INPUTS, HIDDEN, OUTPUTS = 3, 5, 4
"""The first layer is that of figure D.1."""


@dataclass(frozen=True, kw_only=True)
class FeedforwardNetworksConfig(StudyConfig):
    """Layers that collapse, softmax, slopes of activations; a curve and a circle that networks learn.

    Scale gpu has more seeds of the same.
    """

    catalogue: ClassVar[str] = "B24"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Fresh layers, numbers, curves and circles; each network is fitted with and without activations."""
        torch.set_num_threads(1)
        return (
            {"seed": seed, "parameters": sum(part.numel() for part in curve_network(nn.Tanh).parameters())}
            | collapse(numpy_generator(seed, "collapse"))
            | shares(numpy_generator(seed, "softmax"))
            | compare(numpy_generator(seed, "activations"))
            | {"curve": curve(nn.Tanh, seed), "curve_affine": curve(nn.Identity, seed)}
            | {"circle": circle(True, seed), "circle_affine": circle(False, seed)}
        )

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Failed when mathematics is violated; else supported when every seed's networks learn as claimed."""
        limits = thresholds("feedforward-networks")
        facts, claims = _facts(results, limits), _claims(results, limits)
        held = all(claims.values())
        status = "failed" if not all(facts.values()) else "supported" if held else "not supported"
        return Verdict(status, facts | claims, rows(results, _quantities(limits)), _text(results))


def collapse(generator: np.random.Generator) -> dict[str, float]:
    """Largest difference of two affine layers from the one they are together; the same with a ReLU between.

    Source: Kochenderfer et al., Algorithms for Decision Making, eq. D.3.
    """
    first, second = nn.Linear(INPUTS, HIDDEN).double(), nn.Linear(HIDDEN, OUTPUTS).double()
    with torch.no_grad():
        for part in (*first.parameters(), *second.parameters()):
            part.copy_(torch.from_numpy(generator.normal(size=part.shape)))
        points = torch.from_numpy(generator.normal(size=(100, INPUTS)))
        together = points @ (second.weight @ first.weight).T + second.weight @ first.bias + second.bias
        return {
            "collapse": (second(first(points)) - together).abs().max().item(),
            "collapse_relu": (second(first(points).relu()) - together).abs().max().item(),
        }


def shares(generator: np.random.Generator) -> dict[str, float]:
    """How far softmax is from summing to one and from torch's, with scores from small to very large."""
    scores = np.concatenate(
        [generator.normal(size=(100, 10)), generator.choice([-LARGE, 0.0, LARGE], (100, 10))]
    )
    found, theirs = softmax(scores), torch.softmax(torch.from_numpy(scores), 1).numpy()
    return {
        "softmax_sum": float(np.abs(theirs.sum(1) - 1.0).max()),
        "softmax": float(np.abs(found - theirs).max()),
        "not_numbers": int((~np.isfinite(theirs)).sum()),
    }


def _facts(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    keys = ("softmax_sum", "softmax", "not_numbers", "activation_values", "activation_slopes")
    worst = {key: measured(results, key).worst for key in (*keys, "collapse", "activation_differences")}
    apart = min(measured(results, "collapse_relu").values)
    return {
        f"two affine layers are one within {limits['collapse']:g}, and with a ReLU between they are not": (
            worst["collapse"] <= limits["collapse"] and apart >= limits["collapse_relu"]
        ),
        f"softmax sums to one and is its formula within {limits['softmax']:g}, a number at +-{LARGE:g}": (
            max(worst["softmax_sum"], worst["softmax"]) <= limits["softmax"] and worst["not_numbers"] == 0
        ),
        "values and slopes of six activations are their formulas, and the slopes small differences": (
            max(worst["activation_values"], worst["activation_slopes"]) <= limits["activation"]
            and worst["activation_differences"] <= limits["differences"]
        ),
        "the network of four layers has 251 parameters": all(
            result["parameters"] == 251 for result in results
        ),
    }


def _claims(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    least, most = min(measured(results, "circle").values), measured(results, "circle_affine").worst
    return {
        f"it fits the curve with at most {limits['curve']:g} % of the variance left": (
            measured(results, "curve").worst <= limits["curve"]
        ),
        f"two layers call {limits['circle']:g} % of the points of the circle rightly": (
            least >= limits["circle"]
        ),
        f"one layer at most {limits['circle_affine']:g} %": most <= limits["circle_affine"],
    }


def _quantities(limits: dict[str, Any]) -> list[Quantity]:
    softmaxed, slope = f"<= {limits['softmax']:g}", f"<= {limits['activation']:g}"
    left, right = "curve: error left, % of the variance", "circle: points called rightly, %"
    return [
        Quantity("collapse", "two affine layers from one", f"<= {limits['collapse']:g}"),
        Quantity("collapse_relu", "the same with a ReLU between", f">= {limits['collapse_relu']:g}"),
        Quantity("softmax_sum", "softmax: its sum from one", softmaxed),
        Quantity("softmax", "softmax: torch's from the formula", softmaxed),
        Quantity("activation_values", "activations: torch's values from the formulas", slope),
        Quantity("activation_slopes", "activations: torch's slopes from the formulas", slope),
        Quantity(
            "activation_differences",
            "activations: slopes from small differences",
            f"<= {limits['differences']:g}",
        ),
        Quantity("parameters", "parameters of 1-10-10-10-1", "251"),
        Quantity("curve", f"{left}: four layers with tanh", f"<= {limits['curve']:g}"),
        Quantity("curve_affine", f"{left}: the same layers without"),
        Quantity("circle", f"{right}: two layers with tanh", f">= {limits['circle']:g}", 1),
        Quantity("circle_affine", f"{right}: one layer", f"<= {limits['circle_affine']:g}", 1),
    ]


def _text(results: Results) -> str:
    keys = ("curve", "curve_affine", "circle", "circle_affine")
    mean = {key: number(measured(results, key).mean) for key in keys}
    return (
        "What do activations add to affine layers?\n\n"
        f"Two affine layers are one: they differ by at most {number(measured(results, 'collapse').worst)}; "
        f"with a ReLU between by {number(min(measured(results, 'collapse_relu').values))} and more. Four "
        f"layers of 10 units with tanh, fitted to sin(4x) + x/2 in {STEPS} steps of Adam (rate {RATE:g}, "
        f"falling), leave {mean['curve']} % of the variance at new points, without tanh "
        f"{mean['curve_affine']} %. Two layers call {mean['circle']} % of new points of a square rightly "
        f"inside or outside of a circle that covers half of it, one layer {mean['circle_affine']} % (mean "
        f"of {seeds(results)})."
    )
