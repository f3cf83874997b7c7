"""What lenses show is what the representation says."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from reverie.core.errors import WrongInput
from reverie.core.lens import Exhibit
from reverie.core.posterior import DiagonalGaussian, Point
from reverie.core.representation import Representation
from reverie.core.world import Factor
from reverie.lenses import samples, traversal
from reverie.lenses._style import image, literal, strip
from reverie.lenses.map import MapConfig
from reverie.lenses.reconstruction import rebuild, side_by_side
from reverie.lenses.samples import SamplesConfig


class Blocks(Representation):
    """Two code units: the brightness of the upper and of the lower half."""

    code_size = 2

    def __init__(self, belief=Point):
        super().__init__()
        self.belief = belief
        self.norm = nn.BatchNorm1d(2)

    def encode(self, frames):
        means = torch.stack([frames[:, :, :2].mean((1, 2, 3)), frames[:, :, 2:].mean((1, 2, 3))], 1)
        return Point(means) if self.belief is Point else DiagonalGaussian(means, torch.zeros_like(means))

    def decode(self, codes):
        return codes.repeat_interleave(2, 1)[:, None, :, None].expand(-1, 3, 4, 4)

    def players(self):
        return []


def exhibit(belief=Point, count=40) -> Exhibit:
    codes = np.random.default_rng(0).random((count, 2)).astype(np.float32)
    codes[:, 1] *= 0.3
    representation = Blocks(belief).eval()
    frames = representation.decode(torch.from_numpy(codes)).clone()
    truth = np.stack([-2 * codes[:, 1], np.full(count, 7.0)], 1).astype(np.float32)
    return Exhibit("blocks", representation, frames, codes, truth, (Factor("depth", "m"), Factor("g", "")))


def test_units_that_vary_most_come_first():
    assert traversal.most_varying(exhibit().codes).tolist() == [0, 1]


def test_moving_a_unit_moves_nothing_else():
    given = exhibit()
    base = traversal.typical(given.codes)
    frames = traversal.moved(given, base, (1, np.array([0.1, 0.2])))
    assert torch.allclose(frames[:, :, :2], torch.tensor(float(base[0])))
    assert torch.allclose(frames[:, 0, 2, 0], torch.tensor([0.1, 0.2]))
    assert np.array_equal(base, traversal.typical(given.codes))


def test_a_unit_is_named_after_the_factor_that_it_follows():
    given = exhibit()
    assert traversal.strongest(given, 1) == "depth: r = -1.00"
    assert traversal.strongest(given, 0) == "no factor: |r| < 0.2"


def test_reconstructions_are_the_decoded_mean_codes():
    given = exhibit(DiagonalGaussian)
    assert torch.allclose(rebuild(given, 5), given.frames[:5], atol=1e-6)


def test_several_runs_stand_below_the_same_frames():
    figure = side_by_side([exhibit(), exhibit(DiagonalGaussian)], columns=3)
    pictures = [axes.images[0].get_array() for axes in figure.axes]
    assert len(pictures) == 9
    assert np.allclose(pictures[0], pictures[3], atol=1e-6) and np.allclose(
        pictures[0], pictures[6], atol=1e-6
    )


def test_samples_of_a_vae_come_from_its_prior_and_an_autoencoder_says_that_it_has_none():
    words = {}
    for belief in (Point, DiagonalGaussian):
        figure = SamplesConfig(rows=1, columns=2).draw(exhibit(belief), np.random.default_rng(0))
        words[belief] = " ".join(text.get_text() for text in figure.texts)
    assert "no prior" in words[Point] and "Gaussian fitted" in words[Point]
    assert "N(0, I)" in words[DiagonalGaussian] and "no prior" not in words[DiagonalGaussian]


def test_fitted_samples_have_the_mean_and_covariance_of_the_codes():
    given = exhibit(count=300)
    drawn = samples.fitted(given, 20000, np.random.default_rng(1))
    assert np.allclose(drawn.mean(0), given.codes.mean(0), atol=0.01)
    assert np.allclose(np.cov(drawn.T), np.cov(given.codes.T, bias=True), atol=0.003)


def test_prior_samples_are_standard_normal():
    drawn = samples.prior(exhibit(), 20000, np.random.default_rng(1))
    assert np.allclose(drawn.mean(0), 0, atol=0.03) and np.allclose(drawn.std(0), 1, atol=0.03)


def test_a_map_of_four_frames_is_refused():
    with pytest.raises(WrongInput, match="at least 5 frames, got 4"):
        MapConfig().draw(exhibit(count=4), np.random.default_rng(0))


def test_a_strip_is_the_frames_pixel_for_pixel():
    frames = torch.linspace(0, 1, 2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    pixels = np.asarray(Image.open(BytesIO(strip(frames))))
    wanted = np.concatenate([image(frame) for frame in frames], axis=1)
    assert pixels.shape == (4, 10, 3) and np.abs(pixels / 255 - wanted).max() <= 0.5 / 255 + 1e-6


def test_dollar_signs_start_no_formula():
    assert literal("a$b") == r"a\$b"
