"""The bricks of the bottleneck study against theorems, and its verdict against planted violations."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.engine.fit import Setup
from reverie.engine.plan import Plan
from reverie.representations.dense_ae import DenseAEConfig
from reverie.studies import _denoising, _no_error, _subspaces
from reverie.studies._digits import NOISE, digits
from reverie.studies._in_memory import InMemory, fit_once
from reverie.studies.bottleneck import BottleneckConfig
from reverie.terms.pixel import squared, unsquared
from reverie.verbs.fit import build

SHORT = Plan(epochs=2, batch_size=100)


def small_setup(data, seed):
    module = build(DenseAEConfig(code_size=2), (1, 8, 8), seed, squared)
    return Setup(module, module.players(), InMemory(data.test, 100, 1, seed), None, seed)


def with_ones(rows):
    return np.hstack([rows, np.ones((len(rows), 1))])


@pytest.fixture(scope="module")
def data():
    return digits(7)


@pytest.fixture
def result():
    """What one seed measures when everything is as it should be."""
    sizes = {
        f"{name}_{size}": value
        for size in _subspaces.CODE_SIZES
        for name, value in {"angle": 0.01, "untrained_angle": 88.0, "excess": 1e-4}.items()
    }
    errors = {
        "nothing_noisy": 16.0, "mean_noisy": 4.6, "pca_noisy": 8.1, "linear_noisy": 2.4, "plain_noisy": 5.4,
        "denoising_noisy": 1.9, "plain_clean": 0.4, "denoising_clean": 1.0,
    }  # fmt: skip
    ratios = {
        "saved": 64.0, "saved_on_linear": 20.0, "clean_ratio": 0.4, "plain_recognised": 52.0,
        "denoising_recognised": 80.0, "recognised_gain": 28.0,
    }  # fmt: skip
    corner = {
        "not_numbers": 0, "not_numbers_written_out": 8320, "length_without_error": 0.0,
        "length_with_error": 1.0,
    }  # fmt: skip
    return {"seed": 0} | sizes | errors | ratios | corner


def test_a_linear_autoencoder_finds_the_principal_subspace(data, tmp_path):
    """Three units, because the fourth component is much weaker than the third: few steps are enough."""
    images = data.training[:300]
    config = DenseAEConfig(code_size=3, activation="linear", output="linear")
    module = build(config, (1, 8, 8), 3, squared)
    assert _subspaces.compared(module, images)[0] > 45.0
    fit_once(_subspaces.lesson(module, images, 1600, 3), _subspaces.PLAN, tmp_path / "run", QUIET)
    angle, excess = _subspaces.compared(module, images)
    assert angle < 2.0
    assert abs(excess) < 1.0


def test_principal_components_in_the_decoder_have_no_angle_and_no_excess(data):
    images = data.training[:200].double()
    flat = images.flatten(1)
    _, _, directions = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    module = DenseAEConfig(code_size=5, activation="linear", output="linear").build((1, 8, 8), squared)
    encoder, decoder = (part for part in module.modules() if isinstance(part, nn.Linear))
    with torch.no_grad():
        turn = torch.linalg.qr(torch.arange(25.0).reshape(5, 5).sin().double())[0]
        encoder.weight.copy_(turn.T @ directions[:5])
        encoder.bias.copy_(-encoder.weight @ flat.mean(0).float())
        decoder.weight.copy_(directions[:5].T @ turn)
        decoder.bias.copy_(flat.mean(0))
    angle, excess = _subspaces.compared(module, data.training[:200])
    assert angle < 1e-3
    assert abs(excess) < 1e-3


def test_the_best_linear_map_is_what_least_squares_finds_on_many_noisy_copies(data):
    generator = np.random.default_rng(0)
    clean = np.tile(data.training.flatten(1).double().numpy(), (12, 1))
    noisy = with_ones(clean + NOISE * generator.standard_normal(clean.shape))
    found = np.linalg.solve(noisy.T @ noisy, noisy.T @ clean)
    rebuilt = with_ones(data.noisy.flatten(1).double().numpy()) @ found
    expected = np.square(rebuilt - data.test.flatten(1).numpy()).sum(1).mean()
    assert _denoising.baselines(data)["linear_noisy"] == pytest.approx(expected, rel=0.02)


def test_noise_that_is_handed_through_costs_its_energy(data):
    assert _denoising.baselines(data)["nothing_noisy"] == pytest.approx(64 * NOISE**2, rel=0.02)


def test_a_digit_is_either_learnt_from_or_tested_on(data):
    learnt = {image.numpy().tobytes() for image in data.training}
    tested = {image.numpy().tobytes() for image in data.test}
    assert len(data.training) + len(data.test) == 1797
    assert not learnt & tested


def test_the_unsquared_loss_has_no_corner_that_breaks_a_fit(data):
    assert _no_error.count_not_numbers(data.training[:50], unsquared) == 0
    assert _no_error.lengths(data.training[:50]) == (0.0, pytest.approx(1.0, abs=1e-5))


def test_the_square_root_written_out_does_break_it(data):
    assert _no_error.count_not_numbers(data.training[:50], _no_error.square_root) == 2 * 64 * 64 + 2 * 64


def test_batches_start_where_an_interrupted_epoch_stopped():
    batches = InMemory(torch.arange(10.0).reshape(10, 1), batch_size=3, passes=4, seed=5)
    whole = list(batches.epoch(2))
    assert len(whole) == len(batches) == 12
    for start in range(12):
        rest = itertools.islice(whole, start, None)
        assert all(torch.equal(*pair) for pair in zip(batches.epoch(2, start), rest, strict=True))


def test_every_pass_shows_every_image_once_and_in_another_order():
    batches = InMemory(torch.arange(12.0).reshape(12, 1), batch_size=4, passes=3, seed=5)
    passes = torch.cat(list(batches.epoch(0))).reshape(3, 12)
    assert torch.equal(passes.sort(dim=1).values, torch.arange(12.0).expand(3, 12))
    assert not torch.equal(passes[0], passes[1])


def test_a_finished_fit_is_read_back_and_not_done_again(data, tmp_path):
    first, again, other = (small_setup(data, seed) for seed in (1, 1, 2))
    fit_once(first, SHORT, tmp_path / "run", QUIET)
    events = (tmp_path / "run" / "events.jsonl").read_bytes()
    fit_once(again, SHORT, tmp_path / "run", QUIET)
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == events
    for one, same in zip(first.module.parameters(), again.module.parameters(), strict=True):
        assert torch.equal(one, same)
    with pytest.raises(WrongInput, match="fitted in another way"):
        fit_once(other, SHORT, tmp_path / "run", QUIET)


def test_three_good_seeds_support_the_claims(result):
    verdict = BottleneckConfig().verdict([result, result, result])
    assert verdict.status == "supported"
    assert all(verdict.claims.values())
    assert "16" in next(row for row in verdict.table if "handed through" in row["measured"])["mean"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("angle_5", 2.5),
        ("excess_10", 1.5),
        ("not_numbers", 1),
        ("length_without_error", 0.1),
        ("length_with_error", 0.5),
        ("denoising_noisy", 17.0),
    ],
)
def test_one_seed_that_breaks_a_theorem_fails_the_study(result, key, value):
    verdict = BottleneckConfig().verdict([result, result, result | {key: value}])
    assert verdict.status == "failed"
    assert not all(verdict.claims.values())


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("saved", (64.0, 40.0, 15.0)),
        ("saved_on_linear", (20.0, 10.0, 1.0)),
        ("clean_ratio", (0.4, 0.9, 1.1)),
        ("recognised_gain", (28.0, 15.0, 9.0)),
    ],
)
def test_an_interval_that_reaches_over_the_threshold_supports_nothing(result, key, values):
    verdict = BottleneckConfig().verdict([result | {key: value} for value in values])
    assert verdict.status == "not supported"
    assert sum(not held for held in verdict.claims.values()) == 1


def test_a_single_seed_supports_nothing(result):
    assert BottleneckConfig().verdict([result]).status == "not supported"


def test_the_words_do_not_claim_what_the_numbers_deny(result):
    """A world where denoising helps nothing: the text gives the numbers and no praise."""
    poor = {"plain_noisy": 3.0, "denoising_noisy": 3.5, "saved": -16.7, "plain_clean": 1.2, "angle_4": 40.0}
    text = BottleneckConfig().verdict([result | poor]).text
    for praise in ("no better", "price", "down to", "% less", "span the subspace", "has the gradient zero"):
        assert praise not in text
    assert "the saving is -16.7 %" in text


def test_how_a_seed_was_made_is_no_number(result):
    told = result | {"under": {"seeds": 3}, "made_with": {"torch": "2.9.0"}}
    assert BottleneckConfig().verdict([told]).table == BottleneckConfig().verdict([result]).table
