"""Estimates before long work: within 1.5 times of the truth on a machine that is not otherwise busy."""

import re
import time

import pytest

from reverie.core.console import Console
from reverie.core.run import Run
from reverie.engine.plan import Plan
from reverie.representations.conv_ae import ConvAEConfig
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit

UNITS = {"s": 1, "min": 60, "h": 3600}


class Listening(Console):
    """Remembers when an estimate was given, and what it was."""

    def __init__(self) -> None:
        self.heard = ""
        self.at = 0.0

    def say(self, text: str) -> None:
        if text.startswith("estimate"):
            self.heard, self.at = text, time.monotonic()

    def seconds(self) -> float:
        words = re.findall(r"(\d+) (s|min|h)\b", self.heard.partition(" for ")[0].partition(",")[0])
        return sum(float(number) * UNITS[unit] for number, unit in words)


@pytest.mark.learning
def test_the_estimates_of_capture_and_fit_are_within_one_and_a_half_of_the_truth(tmp_path):
    console = Listening()
    capture(CaptureJob(env="LunarLander-v3", episodes=120, stride=2), tmp_path / "data", console)
    ended = time.monotonic()
    assert console.seconds() / 1.5 <= ended - console.at <= console.seconds() * 1.5 + 1

    console = Listening()
    plan, conditions = Plan(epochs=2), Conditions(threads=1)
    job = FitJob(data=tmp_path / "data", representation=ConvAEConfig(), plan=plan, conditions=conditions)
    fit(job, tmp_path / "run", console)
    ended = time.monotonic()
    assert Run.open(tmp_path / "run").finished
    assert console.seconds() / 1.5 <= ended - console.at <= console.seconds() * 1.5 + 1
