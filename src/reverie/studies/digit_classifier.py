"""Digit classifier: what a convolution is, and a network of 19 722 parameters that names digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.linear_model import RidgeClassifier
from torch import nn

from reverie.core.console import Console
from reverie.core.seeds import numpy_generator, torch_generator
from reverie.engine.fit import Setup
from reverie.engine.plan import Plan
from reverie.nn.digit_cnn import FRAME, DigitClassifier
from reverie.studies import _convolutions
from reverie.studies._first_weights import redrawn
from reverie.studies._in_memory import InMemory, Labelled, fit_once
from reverie.studies._measured import Quantity, Results, measured, number, rows, seeds
from reverie.studies._mnist import Images, glyphs, mnist_or_glyphs
from reverie.studies._study import StudyConfig, Verdict, thresholds

EPOCHS = 10
PLAN = Plan(epochs=EPOCHS, batch_size=64, learning_rate=3e-3, schedule="cosine")
PARAMETERS = 19_722
SHAPES = ((8, 14, 14), (16, 7, 7), (32, 4, 4), (32, 2, 2), (32, 1, 1), (10,))


@dataclass(frozen=True, kw_only=True)
class DigitClassifierConfig(StudyConfig):
    """Convolutions against loops, and the network of a textbook after ten epochs.

    Scale cpu learns 6000 printed digits. Scale gpu learns the 60 000 of MNIST where REVERIE_DATA has them.
    """

    catalogue: ClassVar[str] = "B25"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Check convolutions on random images; fit the network; test it on digits that it has not seen."""
        torch.set_num_threads(1)
        images = glyphs() if self.scale == "cpu" else mnist_or_glyphs()
        network = new(seed)
        found = {"seed": seed, "data": images.name, "parameters": parameters(network)}
        found |= {"shapes": shapes(network), "dense_counted": _convolutions.dense_weights_are_as_counted()}
        found |= {"maps_counted": _convolutions.maps_are_as_counted(), "untrained": accuracy(network, images)}
        found |= _convolutions.compare(numpy_generator(seed, "convolutions")) | baseline(images)
        fitted(network, images, seed, (folder / "classifier", console))
        return found | {"accuracy": accuracy(network, images)}

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Failed when a count or a convolution is wrong; supported when every seed's accuracy is enough."""
        limits = thresholds("digit-classifier")
        facts, wanted = _facts(results, limits), limits["accuracy"][results[0]["data"]]
        held = min(measured(results, "accuracy").values) >= wanted
        status = "failed" if not all(facts.values()) else "supported" if held else "not supported"
        claims = facts | {f"after {EPOCHS} epochs it names {wanted:g} % of new digits rightly": held}
        return Verdict(status, claims, rows(results, _quantities(limits, wanted)), _text(results))


def new(seed: int) -> DigitClassifier:
    """A classifier with first weights of this seed."""
    network = DigitClassifier()
    redrawn(network.layers, torch_generator(seed, "classifier"))
    return network


def fitted(network: DigitClassifier, images: Images, seed: int, at: tuple[Path, Console]) -> None:
    """Fit the network to the training digits, or read it back; `at` holds its folder and the console."""
    batches = InMemory(images.training, PLAN.batch_size, 1, seed)
    labelled = Labelled(batches, torch.from_numpy(images.training_names))
    fit_once(Setup(network, network.players(), labelled, None, seed), PLAN, *at)


def parameters(network: nn.Module) -> int:
    """How many numbers are fitted."""
    return sum(part.numel() for part in network.parameters())


def shapes(network: DigitClassifier) -> list[list[int]]:
    """What each layer with weights makes of a digit."""
    found, values = [], torch.zeros(1, *FRAME)
    for layer in network.layers:
        values = layer(values)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            found.append(list(values.shape[1:]))
    return found


@torch.no_grad()
def accuracy(network: DigitClassifier, images: Images) -> float:
    """Per cent of test digits that are named rightly."""
    network.eval()
    named = torch.cat([network(part).argmax(1) for part in images.test.split(1000)]).numpy()
    return 100.0 * float(np.mean(named == images.test_names))


def baseline(images: Images) -> dict[str, float]:
    """Accuracy of the best linear scores by least squares, and of the most frequent digit, in per cent."""
    flat = [part.flatten(1).numpy() for part in (images.training, images.test)]
    linear = RidgeClassifier(alpha=1.0).fit(flat[0], images.training_names)
    frequent = np.bincount(images.training_names).argmax()
    return {
        "linear": 100.0 * float(linear.score(flat[1], images.test_names)),
        "frequent": 100.0 * float(np.mean(images.test_names == frequent)),
    }


def _facts(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    wanted = [list(shape) for shape in SHAPES]
    loops, shifted = (measured(results, key).worst for key in ("loops", "shifted"))
    return {
        "the network has 19 722 parameters and the six shapes of the textbook": all(
            result["parameters"] == PARAMETERS and result["shapes"] == wanted for result in results
        ),
        f"convolutions written as loops are torch's within {limits['convolution']:g}": (
            loops <= limits["convolution"]
        ),
        "an image shifted by the stride has its map shifted by one place, away from the border": (
            shifted <= limits["convolution"]
        ),
        "k filters make n x m x k numbers, with stride 2 a quarter; a dense layer has 3 m^2 n weights": all(
            result["maps_counted"] and result["dense_counted"] for result in results
        ),
    }


def _quantities(limits: dict[str, Any], wanted: float) -> list[Quantity]:
    small, named = f"<= {limits['convolution']:g}", "test digits named rightly, %"
    return [
        Quantity("loops", "convolution: loops from torch", small),
        Quantity("shifted", "convolution: map of a shifted image from the shifted map", small),
        Quantity("parameters", "parameters of the network", "19 722"),
        Quantity("accuracy", f"{named}: the network", f">= {wanted:g}", 2),
        Quantity("linear", f"{named}: linear scores by least squares", "", 2),
        Quantity("untrained", f"{named}: the network before learning", "", 2),
        Quantity("frequent", f"{named}: the most frequent digit", "", 2),
    ]


def _text(results: Results) -> str:
    mean = {key: number(measured(results, key).mean, 2) for key in ("accuracy", "linear", "untrained")}
    digits = "MNIST's" if results[0]["data"] == "MNIST" else "printed ones, drawn with Pillow, not MNIST's"
    return (
        "Is the textbook's network of five convolutions and one dense layer what it says, and does it learn "
        f"to name digits?\n\nDigits are {digits}. After {EPOCHS} epochs of Adam ({PLAN.batch_size} a step) "
        f"it names {mean['accuracy']} % of new ones rightly (mean of {seeds(results)}), linear scores of the "
        f"pixels {mean['linear']} %, the network before learning {mean['untrained']} %. Loops written "
        f"out differ from torch's convolution by at most {number(measured(results, 'loops').worst)}."
    )
