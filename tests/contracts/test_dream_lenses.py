"""Every lens for dreams keeps every promise of its kind."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from reverie.checks.dream_lenses import ALL
from reverie.core.config import from_json
from reverie.core.family import config_of, members
from reverie.core.lens import DreamExhibit, DreamLensConfig, OpenLoop

LENSES = {
    word: from_json(config_of("lenses", word, DreamLensConfig), {}, word)
    for word in members("lenses", "DreamLensConfig")
}
FORECAST = {
    "open_loop": {
        "horizons": [1, 2, 4],
        "dreamed": [0.3, 0.5, 0.9],
        "frozen": [0.4, 0.8, 1.1],
        "unrelated": 1.4,
    }
}
AUDIT = {
    "episodes": 9,
    "max_steps": 50,
    "known": [
        {"policy": policy, "temperature": heat, "ratio": ratio}
        for policy, ratios in {"random": (0.7, 1.1), "held:1-$5": (0.9, 1.3)}.items()
        for heat, ratio in zip((0.5, 1.0), ratios, strict=True)
    ],
}


def exhibit(channels: int = 3) -> DreamExhibit:
    frames = [torch.rand(20, channels, 6, 8, generator=torch.Generator().manual_seed(k)) for k in range(4)]
    dreamt = {0.5: frames[2], 1.0: frames[3]}
    loop = OpenLoop(frames[0], frames[1], dreamt, {0.5: 11, 1.0: None}, 5, "episode 3")
    return DreamExhibit("my run", loop, FORECAST, AUDIT)


@pytest.mark.parametrize("promise", ALL)
@pytest.mark.parametrize("word", LENSES)
def test_promise(word, promise):
    ALL[promise](LENSES[word], exhibit())


@pytest.mark.parametrize("word", LENSES)
def test_frames_may_be_grey(word):
    ALL["a_picture_is_drawn"](LENSES[word], exhibit(1))


@dataclass(frozen=True, kw_only=True)
class Broken(DreamLensConfig):
    """A lens with a fault."""

    fault: str

    def draw(self, exhibit: Any) -> Figure:
        figure = Figure(figsize=(3, 3))
        if self.fault != "a_picture_is_drawn":
            figure.text(
                0.1, 0.5, exhibit.name if self.fault == "names_are_shown_as_they_are" else "a picture"
            )
        if self.fault == "the_same_exhibit_gives_the_same_picture":
            figure.text(0.1, 0.8, str(np.random.default_rng().random()))
        if self.fault == "what_is_not_known_is_no_obstacle":
            figure.text(0.1, 0.8, exhibit.audit["episodes"])
        if self.fault == "looking_changes_nothing":
            exhibit.open_loop.real.mul_(0.5)
        return figure


@pytest.mark.parametrize("promise", ALL)
def test_a_broken_promise_is_noticed(promise):
    with pytest.raises((AssertionError, ValueError, TypeError)):
        ALL[promise](Broken(fault=promise), exhibit())
