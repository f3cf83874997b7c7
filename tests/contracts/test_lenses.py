"""Every lens of the house keeps every promise of the family, for autoencoders with a prior and without."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from reverie.checks.lenses import ALL
from reverie.core.config import from_json
from reverie.core.family import config_of, members
from reverie.core.lens import Exhibit, LensConfig
from reverie.core.posterior import DiagonalGaussian, Point
from reverie.core.world import Factor
from reverie.nn import dense
from reverie.nn.autoencoder import Autoencoder

SMALL = {"traversal": {"units": 2, "steps": 3}, "samples": {"rows": 2, "columns": 3}, "map": {"points": 30}}
LENSES = {
    word: from_json(config_of("lenses", word, LensConfig), SMALL.get(word, {}), word)
    for word in members("lenses", "LensConfig")
}
SHAPES = {"colour": (3, 8, 8), "grey": (1, 6, 10)}


def exhibit(kind: str, shape: tuple[int, ...]) -> Exhibit:
    head, features = (DiagonalGaussian, 8) if kind == "vae" else (Point, 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = dense.encoder(shape, [features], "linear")
        decoder = dense.decoder(shape, [4], "linear", "sigmoid")
    representation = Autoencoder(encoder, head.from_features, decoder, None).eval()
    frames = torch.rand(40, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        codes = representation.encode(frames).mean.numpy()
    truth = np.random.default_rng(2).normal(size=(40, 2)).astype(np.float32)
    factors = (Factor("x", "m"), Factor("angle", ""))
    return Exhibit("my run", representation, frames, codes, truth, factors)


@pytest.mark.parametrize("promise", ALL)
@pytest.mark.parametrize("kind", ["ae", "vae"])
@pytest.mark.parametrize("word", LENSES)
def test_promise(word, kind, promise):
    ALL[promise](LENSES[word], exhibit(kind, SHAPES["colour"]))


@pytest.mark.parametrize("word", LENSES)
def test_frames_may_be_grey_and_oblong(word):
    ALL["a_picture_is_drawn"](LENSES[word], exhibit("ae", SHAPES["grey"]))


@dataclass(frozen=True, kw_only=True)
class Broken(LensConfig):
    """A lens with a fault."""

    fault: str

    def draw(self, exhibit, generator):
        figure = Figure(figsize=(3, 3))
        if self.fault != "a_picture_is_drawn":
            figure.text(
                0.1, 0.5, exhibit.name if self.fault == "names_are_shown_as_they_are" else "a picture"
            )
        if self.fault == "the_same_generator_gives_the_same_picture":
            figure.text(0.1, 0.8, str(np.random.default_rng().random()))
        if self.fault == "unknown_factors_are_no_obstacle":
            figure.text(0.1, 0.8, exhibit.factors[0].name)
        if self.fault == "looking_changes_nothing":
            exhibit.frames.mul_(0.5)
        return figure


@pytest.mark.parametrize("promise", ALL)
def test_a_broken_promise_is_noticed(promise):
    given = replace(exhibit("ae", SHAPES["colour"]))
    with pytest.raises((AssertionError, IndexError, ValueError)):
        ALL[promise](Broken(fault=promise), given)
