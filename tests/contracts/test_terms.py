"""What every reconstruction term promises, whatever it looks at."""

import numpy as np
import pytest
import torch

from reverie.core.console import QUIET
from reverie.core.family import members
from reverie.core.posterior import Point
from reverie.core.representation import View
from reverie.core.term import Materials
from reverie.terms import parse
from reverie.verbs.feature_network import feature_networks

WORDS = (
    "pixel",
    "pixel:unsquared",
    "pixel:bce",
    "pixel:gaussian=0.2",
    "pixel:weighted",
    "perceptual:random-squeezenet@fire3",
    "perceptual:random-squeezenet=5@relu1:channel",
)

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(params=WORDS)
def term(request):
    return parse(request.param).build(Materials(feature_networks(QUIET), PIXELS))


def uniform(seed: int) -> torch.Tensor:
    return torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def view(frames: torch.Tensor, prediction: torch.Tensor) -> View:
    codes = torch.zeros(len(frames), 1)
    return View(frames, Point(codes), codes, prediction)


def test_every_member_of_the_family_is_tried_here():
    assert set(members("terms")) - {"kl"} == {words.partition(":")[0] for words in WORDS}


def test_one_finite_number_an_image(term):
    found = term(view(uniform(1), uniform(2)))
    assert found.shape == (4,) and found.isfinite().all()


def test_nothing_is_better_than_the_frame_itself(term):
    frames, other = uniform(1), uniform(2)
    best = term(view(frames, frames))
    for part in (0.02, 0.2, 1.0):
        assert (term(view(frames, frames.lerp(other, part))) > best).all()


def test_an_identical_pair_costs_nothing_unless_it_is_a_likelihood(term, request):
    cost = term(view(uniform(1), uniform(1)))
    likelihood = any(word in request.node.name for word in ("bce", "gaussian"))
    assert likelihood or not cost.any()


def test_an_image_costs_the_same_whatever_its_neighbours(term):
    frames, prediction = uniform(1), uniform(2)
    alone = torch.cat([term(view(frames[i : i + 1], prediction[i : i + 1])) for i in range(4)])
    assert torch.allclose(term(view(frames, prediction)), alone, rtol=1e-4)


def test_each_image_pulls_on_its_own_prediction_alone(term):
    prediction = uniform(2).requires_grad_()
    term(view(uniform(1), prediction))[2].backward()
    assert prediction.grad is not None and prediction.grad.isfinite().all()
    assert [bool(gradient.any()) for gradient in prediction.grad] == [False, False, True, False]


def test_descending_brings_the_prediction_nearer(term):
    frames, prediction = uniform(1), uniform(2).requires_grad_()
    before = term(view(frames, prediction)).sum()
    before.backward()
    assert prediction.grad is not None
    step = 1e-3 * prediction.grad / prediction.grad.abs().max()
    assert term(view(frames, prediction.detach() - step)).sum() < before


def test_frames_and_prediction_stay_as_they_are(term):
    frames, prediction = uniform(1), uniform(2)
    term(view(frames, prediction))
    assert torch.equal(frames, uniform(1)) and torch.equal(prediction, uniform(2))
