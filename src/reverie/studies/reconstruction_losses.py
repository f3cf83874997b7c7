"""Reconstruction losses: what pixels, cross entropy and features call close, on stripes and on digits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.core.term import Materials
from reverie.ops.intervals import wilson_interval
from reverie.studies import _cross_entropy
from reverie.studies._measured import Quantity, Results, measured, number, rows
from reverie.studies._mnist import mnist_or_glyphs
from reverie.studies._shifted_digits import COUNT, PIECE, SHIFT, Distance, as_distance, compared, misjudged
from reverie.studies._stripes import PAIRS, shift_and_grey, shift_over_grey
from reverie.studies._study import StudyConfig, Verdict, thresholds
from reverie.terms.perceptual import PerceptualConfig
from reverie.terms.pixel import bernoulli, squared
from reverie.verbs.feature_network import feature_network, feature_networks

LAYERS = {"clutter": "relu4", "squeezenet": "fire3"}
"""Feature networks with the layer that is asked; squeezenet only where its weights are."""
FIRST = "relu1"
"""The first layer that can be asked, in both."""
NAMES = {"euclid": "squared error", "bce": "binary cross entropy"}


@dataclass(frozen=True, kw_only=True)
class ReconstructionLossesConfig(StudyConfig):
    """Stripes moved by one pixel, digits moved by two or with a piece missing, and cross entropy by hand.

    Scale gpu is the same; nothing here learns.
    """

    catalogue: ClassVar[str] = "A05"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Distances of stripes, 200 digits of this seed, random pixels."""
        torch.set_num_threads(1)
        perceptual = networks(console)
        images = mnist_or_glyphs()
        pairs = compared(images.training, seed)
        pixel: dict[str, Distance] = {"euclid": as_distance(squared), "bce": as_distance(bernoulli)}
        deep = {name: features(name, LAYERS[name], console) for name in perceptual}
        wrong = misjudged(pairs, pixel | deep)
        ratios = {f"{name}_ratio": shift_over_grey(distance) for name, distance in deep.items()}
        early = {f"{name}_early": shift_over_grey(features(name, FIRST, console)) for name in perceptual}
        return (
            {"seed": seed, "data": images.name, "networks": perceptual}
            | by_pixels()
            | ratios
            | early
            | {f"{name}_wrong": count for name, count in wrong.items()}
            | _cross_entropy.facts(seed)
        )

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Failed when arithmetic is violated; else supported when all claims hold."""
        limits = thresholds("reconstruction-losses")
        facts, claims = _facts(results, limits), _claims(results, limits)
        held = all(claims.values())
        status = "failed" if not all(facts.values()) else "supported" if held else "not supported"
        table = [*rows(results, _stripes(results)), *_shares(results), *rows(results, _formulas(limits))]
        return Verdict(status, facts | claims, table, _text(results))


def networks(console: Console) -> list[str]:
    """Names of the feature networks that are on this machine; clutter is fitted where it is not."""
    try:
        feature_network("squeezenet", console)
    except WrongInput as error:
        console.say(f"squeezenet is left out: {error}")
        return ["clutter"]
    return list(LAYERS)


def features(name: str, layer: str, console: Console) -> Distance:
    """The perceptual term of a network and a layer as a distance."""
    materials = Materials(feature_networks(console), np.zeros((0, 1, 1, 1), np.uint8))
    return as_distance(PerceptualConfig(feature_network=name, layer=layer).build(materials))


def by_pixels() -> dict[str, float]:
    """Mean squared error a pixel of shifted stripes and of grey ones: those furthest from 1 and from 1/4."""
    pixels = 64 * 64
    found = [shift_and_grey(as_distance(squared), way) for way in PAIRS]
    return {
        "shift": min(shifted for shifted, _ in found) / pixels,
        "grey": max(grey for _, grey in found) / pixels,
    }


def _facts(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    worst = {
        key: measured(results, key).worst for key in ("formula", "torch", "negative", "argmin", "entropy")
    }
    return {
        "stripes shifted by one pixel err by exactly 1 a pixel, squared, grey ones by exactly 0.25": all(
            result["shift"] == 1.0 and result["grey"] == 0.25 for result in results
        ),
        f"cross entropy is the formula, and torch's, within {limits['formula']:g} nats a pixel": (
            max(worst["formula"], worst["torch"]) <= limits["formula"]
        ),
        f"it is least where the guess is the pixel, within {limits['argmin']:g}": (
            worst["argmin"] <= limits["argmin"]
        ),
        "its least value is the entropy of the pixel, not zero where that is grey": (
            worst["entropy"] <= limits["entropy"]
        ),
        "a picture and its negative have the same": worst["negative"] <= limits["formula"],
    }


def _claims(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    digits = COUNT * len(results)
    claims = {
        f"{name}@{LAYERS[name]} finds shifted stripes closer than grey ones": (
            measured(results, f"{name}_ratio").worst < 1.0
        )
        for name in results[0]["networks"]
    }
    claims["by squared error most digits are closer to one with a piece missing than to one shifted"] = (
        wilson_interval(_total(results, "euclid"), digits)[0] > limits["majority"]
    )
    return claims


def _total(results: Results, name: str) -> int:
    return sum(result[f"{name}_wrong"] for result in results)


def _stripes(results: Results) -> list[Quantity]:
    ratio = "stripes: distance of a shift over that of grey"
    return [
        Quantity("shift", "stripes shifted by one pixel: squared error a pixel", "1"),
        Quantity("grey", "grey instead of stripes: squared error a pixel", "0.25"),
        *(
            Quantity(f"{name}_{key}", f"{ratio}, {name}@{layer}", needed)
            for name in results[0]["networks"]
            for key, layer, needed in (("ratio", LAYERS[name], "< 1"), ("early", FIRST, ""))
        ),
    ]


def _shares(results: Results) -> list[dict[str, Any]]:
    """Rows of shares of digits, with Wilson's interval over all digits instead of one over seeds."""
    found = []
    for name in (*NAMES, *results[0]["networks"]):
        low, high = wilson_interval(_total(results, name), COUNT * len(results))
        found.append({
            "measured": f"digits to which a missing piece is closer than a shift, %: {_called(name)}",
            "mean": number(_percent(results, name), 1),
            "95 % interval": f"{number(100 * low, 1)} to {number(100 * high, 1)} (Wilson)",
            "seeds": ", ".join(number(100 * result[f"{name}_wrong"] / COUNT, 1) for result in results),
            "needed": "> 50" if name == "euclid" else "",
        })  # fmt: skip
    return found


def _formulas(limits: dict[str, Any]) -> list[Quantity]:
    words, small = "cross entropy of a pixel", f"<= {limits['formula']:g}"
    return [
        Quantity("formula", f"{words}: from the formula by hand, nats", small),
        Quantity("torch", f"{words}: from torch's, nats", small),
        Quantity("negative", f"{words}: from that of the negative, nats", small),
        Quantity("argmin", f"{words}: best guess from the pixel", f"<= {limits['argmin']:g}"),
        Quantity("entropy", f"{words}: least value from the entropy, nats", f"<= {limits['entropy']:g}"),
        Quantity("grey_least", f"{words}: least value of mid-grey, nats", "", 4),
        Quantity("sum_over_mean", "summed over pixels, over averaged: the loss"),
        Quantity("gradient_sum_over_mean", "summed over pixels, over averaged: its gradient"),
    ]


def _percent(results: Results, name: str) -> float:
    return 100.0 * _total(results, name) / (COUNT * len(results))


def _called(name: str) -> str:
    return NAMES.get(name) or f"{name}@{LAYERS[name]}"


def _text(results: Results) -> str:
    return "\n\n".join(["What does a reconstruction loss call close?", _seen(results), _judged(results)])


def _seen(results: Results) -> str:
    value = {key: number(measured(results, key).mean) for key in ("shift", "grey")}
    parts = [
        f"by {name}@{LAYERS[name]} the shift is {number(measured(results, f'{name}_ratio').worst)} times as "
        f"far as grey, by its first layer ({FIRST}) {number(measured(results, f'{name}_early').worst)} times"
        for name in results[0]["networks"]
    ]
    missing = "" if "squeezenet" in results[0]["networks"] else " Squeezenet's weights are not here."
    return (
        "Stripes of one pixel, shifted by one, have a squared error of "
        f"{value['shift']} a pixel, the largest there is, and a grey picture {value['grey']}: pixels prefer "
        f"the picture without stripes. Features need not: {'; '.join(parts)}. The layers were chosen by "
        f"looking at the stripes, not at digits.{missing}"
    )


def _judged(results: Results) -> str:
    shares: Mapping[str, str] = {
        name: number(_percent(results, name), 1) for name in (*NAMES, *results[0]["networks"])
    }
    deep = results[0]["networks"]
    others = ", ".join(f"by {_called(name)} to {shares[name]} %" for name in deep)
    lesson = (
        " Features that see through a shift of stripes need not see through one of a digit."
        if all(_percent(results, name) > 50.0 for name in deep)
        else ""
    )
    source = "MNIST's" if results[0]["data"] == "MNIST" else "printed (MNIST is not in REVERIE_DATA)"
    apart = _percent(results, "euclid") - _percent(results, "bce")
    answer = (
        "judges these pictures no better than the squared error"
        if apart <= 0
        else f"judges {number(apart, 1)} % more of these pictures as people would"
    )
    return (
        f"Digits are {source}; each of {COUNT * len(results)} was moved by {SHIFT} pixels, which people "
        f"hardly mind, and, apart from that, lost a square of {PIECE} pixels around a bright one. By squared "
        f"error the damaged digit is the closer one to {shares['euclid']} % of the digits, by binary cross "
        f"entropy to {shares['bce']} %, {others}.{lesson} A thesis (Sherburn 2017, 2.1.2) finds "
        f"cross entropy much better at telling how alike pictures look; here it {answer}. Summing over "
        "pixels instead of averaging multiplies loss and gradient by their number and changes no order."
    )
