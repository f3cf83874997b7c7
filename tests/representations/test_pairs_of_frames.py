"""st-dim and vicreg: whole losses, written out place by place and pair by pair."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from reverie.core.errors import WrongInput
from reverie.representations.st_dim import STDIMConfig
from reverie.representations.vicreg import VICRegConfig

SHAPE = (3, 64, 64)


def pair(count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.rand(count, *SHAPE, generator=generator) for _ in range(2))
    return first, second


def built(config):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return config.build(SHAPE)


@torch.no_grad()
def test_st_dim_is_equations_1_and_2_written_out():
    """phi(x_t)' W phi_mn(x_t+1) against all x_t* of the batch, for each of the 6 x 6 places."""
    module = built(STDIMConfig(code_size=8))
    first, second = pair()
    codes = module.encode(first).mean.numpy().astype(np.float64)
    here, there = (module.to_places(side).numpy().astype(np.float64) for side in (first, second))
    assert here.shape == (4, 128, 6, 6)
    by_code, by_place = (
        score.weight.numpy().astype(np.float64) for score in (module.global_score, module.local_score)
    )
    losses = module.loss((first, second), None)
    for i in range(4):
        expected = {"global_local": 0.0, "local_local": 0.0}
        for m in range(6):
            for n in range(6):
                g = [float((by_code @ codes[i]) @ there[j, :, m, n]) for j in range(4)]
                f = [float((by_place @ here[i, :, m, n]) @ there[j, :, m, n]) for j in range(4)]
                expected["global_local"] -= g[i] - math.log(sum(map(math.exp, g)))
                expected["local_local"] -= f[i] - math.log(sum(map(math.exp, f)))
        for name, value in expected.items():
            assert losses.terms[name][i].item() == pytest.approx(value, rel=1e-4), name


@torch.no_grad()
def test_vicreg_of_neighbours_is_the_weighted_sum_of_its_equations():
    module = built(VICRegConfig(code_size=8, expander=(16, 6), covariance=2.0))
    first, second = pair(5)
    z, other = (module.expander(module.encode(side).mean).double().numpy() for side in (first, second))
    invariance = sum(float(((z[i] - other[i]) ** 2).sum()) for i in range(5)) / 5 / 6
    short = [np.mean([max(0.0, 1 - math.sqrt(c.var(ddof=1) + 1e-4)) for c in side.T]) for side in (z, other)]
    covariances = [np.cov(side.T) for side in (z, other)]
    redundant = sum(((c**2).sum() - (np.diag(c) ** 2).sum()) / 6 for c in covariances)
    expected = 25 * invariance + 25 * sum(short) / 2 + 2 * redundant
    assert module.loss((first, second), None).total().item() == pytest.approx(expected, rel=1e-4)


def test_two_augmentations_of_a_frame_differ_and_follow_the_generator():
    config = VICRegConfig(pair="augmentations")
    frames = pair()[0]
    first, again = (config.change(frames, torch.Generator().manual_seed(3)) for _ in range(2))
    other = config.change(frames, torch.Generator().manual_seed(4))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert first.shape == frames.shape and first.min() >= 0 and first.max() <= 1


def test_the_pairs_that_a_method_asks_for():
    gaps = [STDIMConfig(gap=3), VICRegConfig(gap=2), VICRegConfig(pair="augmentations", gap=2)]
    assert [built(config).pair_gap for config in gaps] == [3, 2, 0]


def test_decoding_is_refused_in_one_sentence():
    with pytest.raises(WrongInput, match="no decoder"):
        built(STDIMConfig()).decode(torch.zeros(1, 256))


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        (STDIMConfig, {"gap": 0}, "st-dim field 'gap' must be positive, got 0"),
        (VICRegConfig, {"variance": 0.0}, "vicreg field 'variance' must be positive"),
        (VICRegConfig, {"expander": ()}, "'expander' must hold positive sizes"),
        (VICRegConfig, {"relight": 1.0}, "'relight' must be below 1"),
    ],
)
def test_fields_that_cannot_work_are_refused_by_name(kind, fields, sentence):
    with pytest.raises(WrongInput, match=sentence):
        kind(**fields)


@pytest.mark.parametrize("kind", [STDIMConfig, VICRegConfig])
def test_the_encoder_is_that_of_world_models(kind):
    layers = [layer for layer in built(kind(code_size=32)).modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in layers] == [32, 64, 128, 256]
