"""Every metric of the house keeps every promise of the family; and each promise can be broken."""

import numpy as np
import pytest

from reverie.checks.metrics import ALL, READERS
from reverie.core.config import from_json, to_json
from reverie.core.family import config_of, members, word_of
from reverie.core.metric import MetricConfig, Score
from reverie.metrics.probe import ProbeConfig
from reverie.ops.ridge import Regression, fit_ridge

VARIANTS = {
    **{word: from_json(config_of("metrics", word, MetricConfig), {}, word) for word in members("metrics")},
    "probe mlp": ProbeConfig(reader="mlp"),
}


@pytest.mark.parametrize("promise", ALL)
@pytest.mark.parametrize("variant", VARIANTS)
def test_promise(variant, promise):
    ALL[promise](VARIANTS[variant].build())


@pytest.mark.parametrize("promise", READERS)
@pytest.mark.parametrize("variant", ["probe", "probe mlp"])
def test_promise_of_readers(variant, promise):
    READERS[promise](VARIANTS[variant].build())


@pytest.mark.parametrize("word", members("metrics"))
def test_a_config_survives_json(word):
    config = VARIANTS[word]
    assert from_json(type(config), to_json(config), word) == config
    assert word_of(config) == word


probe = ProbeConfig().build()


def splits_by_frame(codes, factors, episodes=None):
    return probe(codes, factors)


def knows_everything(codes, factors, episodes=None):
    return Score(1.0)


def knows_nothing(codes, factors, episodes=None):
    return Score(0.0)


def fits_the_first_samples(codes, factors, episodes=None):
    """Too few of them, so that it matters which come first."""
    fit, test = slice(0, len(codes) // 30), slice(len(codes) // 30, None)
    read = fit_ridge(Regression(codes[fit], factors[fit] - factors.mean(0)), np.full(factors.shape[1], 1e-9))
    errors = np.square(read(codes[test]) - (factors[test] - factors.mean(0))).mean(0)
    return Score(float(np.mean(1 - errors / factors.var(0))))


def forgets_its_seed(codes, factors, episodes=None, calls=[0]):  # noqa: B006
    calls[0] += 1
    return ProbeConfig(seed=calls[0]).build()(codes, factors, episodes)


def penalises_in_the_codes_own_units(codes, factors, episodes=None):
    read = fit_ridge(Regression(codes, factors - factors.mean(0)), np.full(factors.shape[1], 10.0))
    errors = np.square(read(codes) - (factors - factors.mean(0))).mean(0)
    return Score(float(np.mean(1 - errors / factors.var(0))))


def centres_in_place(codes, factors, episodes=None):
    codes -= codes.mean(0)
    return probe(codes, factors, episodes)


BROKEN = {
    "noise_scores_near_zero": knows_everything,
    "the_truth_scores_near_one": knows_nothing,
    "the_order_of_samples_does_not_matter": fits_the_first_samples,
    "the_same_codes_have_the_same_score": forgets_its_seed,
    "units_of_measurement_do_not_matter": penalises_in_the_codes_own_units,
    "nothing_that_is_given_is_changed": centres_in_place,
    "knowing_the_episode_is_not_knowing_the_factor": splits_by_frame,
    "mixing_the_units_changes_little": penalises_in_the_codes_own_units,
}


@pytest.mark.parametrize("promise", [*ALL, *READERS])
def test_a_broken_promise_is_noticed(promise):
    with pytest.raises(AssertionError):
        (ALL | READERS)[promise](BROKEN[promise])
