"""Policies draw what they promise, from the generator that they are handed."""

import numpy as np
import pytest

from reverie.agents.held import HeldConfig
from reverie.agents.mixed import MixedConfig, MixedPolicy
from reverie.agents.random import RandomConfig
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, members
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace, PolicyConfig

DISCRETE = ActionSpace(count=5)
BOX = ActionSpace(
    count=None, low=np.array([-2, 0], dtype=np.float32), high=np.array([-1, 3], dtype=np.float32)
)


def actions(policy, count, seed=0):
    generator, hidden, taken = numpy_generator(seed), None, []
    for _ in range(count):
        action, hidden = policy.act(None, hidden, generator)
        taken.append(action)
    return np.array(taken)


POLICIES = members("agents", "PolicyConfig")
SURE = ("periodic", "still")
"""Policies that leave nothing to chance."""
NUMBERS_ONLY = ("wander",)
"""Policies for actions that are numbers in a box."""


@pytest.mark.parametrize("space", [DISCRETE, BOX], ids=["discrete", "box"])
@pytest.mark.parametrize("word", POLICIES)
def test_every_policy_repeats_with_its_seed_and_stays_in_bounds(word, space):
    config = config_of("agents", word, PolicyConfig)()
    if space is DISCRETE and word in NUMBERS_ONLY:
        with pytest.raises(WrongInput, match="not for 5 discrete ones; choose held"):
            config.build(space)
        return
    taken = actions(config.build(space), 300)
    assert np.array_equal(taken, actions(config.build(space), 300))
    assert np.array_equal(taken, actions(config.build(space), 300, seed=1)) == (word in SURE)
    if space is DISCRETE:
        assert set(taken) <= set(range(5))
    else:
        assert taken.dtype == np.float32
        assert (taken >= BOX.low).all() and (taken <= BOX.high).all()


@pytest.mark.parametrize("word", sorted({*POLICIES} - {*NUMBERS_ONLY}))
def test_every_policy_but_the_still_one_takes_all_actions(word):
    policy = config_of("agents", word, PolicyConfig)().build(DISCRETE)
    taken = {action for seed in range(30) for action in actions(policy, 500, seed)}
    assert taken == ({0} if word == "still" else set(range(5)))


def test_random_actions_are_uniform_and_independent():
    taken = actions(RandomConfig().build(DISCRETE), 20_000)
    assert np.allclose(np.bincount(taken) / 20_000, 0.2, atol=0.015)
    assert abs((taken[1:] == taken[:-1]).mean() - 0.2) < 0.015


def test_held_actions_last_as_long_as_promised():
    # With a million actions two neighbours are almost never equal by chance, so that runs can be counted.
    taken = actions(HeldConfig(shortest=2, longest=5).build(ActionSpace(count=1_000_000)), 20_000)
    ends = np.flatnonzero(taken[1:] != taken[:-1])
    lengths = np.bincount(np.diff(ends), minlength=7)
    assert lengths[2:6].sum() == lengths.sum()
    assert np.allclose(lengths[2:6] / lengths.sum(), 0.25, atol=0.03)


@pytest.mark.parametrize(("shortest", "longest"), [(0, 3), (4, 3)])
def test_an_empty_range_is_refused(shortest, longest):
    with pytest.raises(WrongInput, match="held needs 1 <= shortest <= longest"):
        HeldConfig(shortest=shortest, longest=longest)


def test_mixed_draws_one_policy_for_each_episode():
    """An episode is held or random as a whole: neighbours agree often, or hardly ever."""
    policy = MixedConfig(mix=("random", "held")).build(ActionSpace(count=1000))
    alike = np.array([np.mean(np.diff(actions(policy, 200, seed)) == 0) for seed in range(200)])
    held = alike > 0.5
    assert set(np.round(alike[~held], 1)) == {0.0}
    assert 70 < held.sum() < 130


def test_epsilon_is_the_share_of_random_steps():
    constant = HeldConfig(shortest=1, longest=10)
    policy = MixedPolicy(ActionSpace(count=1_000_000), (constant.build(ActionSpace(count=1)),), 0.3)
    assert abs(np.mean(actions(policy, 20_000) != 0) - 0.3) < 0.015


def test_weights_are_shares_of_the_episodes():
    policy = MixedConfig(mix=("still:0=5", "still:1=3", "still:2=2")).build(DISCRETE)
    firsts = np.array([actions(policy, 1, seed)[0] for seed in range(4000)])
    assert np.allclose(np.bincount(firsts) / 4000, [0.5, 0.3, 0.2], atol=0.03)


def test_a_mix_without_weights_draws_as_it_did_before_there_were_any():
    """Recorded data sets are made again from their job: the first draw is a whole number below the count."""
    policy = MixedConfig(mix=("still:0", "still:1", "still:2")).build(DISCRETE)
    drawn = [int(numpy_generator(seed).integers(3)) for seed in range(50)]
    assert drawn == [actions(policy, 1, seed)[0] for seed in range(50)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mix": ("held=0",)}, "the weight of 'held' must be a whole number from 1 to 1000, got '0'"),
        ({"mix": ("held=half",)}, "got 'half'"),
        ({"mix": ("held:3",)}, "as in held:1-60, got '3'"),
        ({"mix": ("mixed=2",)}, "at least one policy other than itself"),
        ({"mix": ()}, "at least one policy"),
        ({"mix": ("mixed",)}, "at least one policy other than itself"),
        ({"mix": ("heldd",)}, "did you mean 'held'"),
        ({"epsilon": 1.5}, "epsilon must be from 0 to 1, got 1.5"),
    ],
)
def test_a_mix_that_cannot_be_is_refused(fields, words):
    with pytest.raises(WrongInput, match=words):
        MixedConfig(**fields)
