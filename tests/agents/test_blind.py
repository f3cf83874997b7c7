"""Policies that follow a plan: what is written is what is done."""

from itertools import groupby

import numpy as np
import pytest

from reverie.agents._words import action_of, policy_of
from reverie.agents.periodic import PeriodicConfig
from reverie.agents.still import StillConfig
from reverie.agents.sweep import SweepConfig
from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace

COVER = ActionSpace(count=3, names=("none", "right", "left"))
NUMBERED = ActionSpace(count=4)
BOX = ActionSpace(
    count=None, low=np.array([-1, 0.5], dtype=np.float32), high=np.array([1, 3], dtype=np.float32)
)


def actions(words, count, space=COVER, seed=0):
    policy = policy_of(words).build(space)
    generator, hidden, taken = numpy_generator(seed), None, []
    for _ in range(count):
        action, hidden = policy.act(None, hidden, generator)
        taken.append(action)
    return taken


def runs(taken):
    """Each action with the number of its steps, in order."""
    return [(action, len(list(same))) for action, same in groupby(taken)]


def test_the_metronome_goes_left_65_then_right_130_left_130():
    taken = actions("periodic:left:130+right:130@65", 65 + 3 * 130)
    assert runs(taken) == [(2, 65), (1, 130), (2, 130), (1, 130)]


def test_phases_of_any_length_follow_each_other_over_and_over():
    taken = actions("periodic:right:2+none:1+left:3", 12)
    assert taken == [1, 1, 0, 2, 2, 2, 1, 1, 0, 2, 2, 2]
    assert actions("periodic:right:2+none:1+left:3@4", 8) == (taken * 2)[4:12]


def test_without_phases_every_action_has_its_turn():
    assert runs(actions("periodic", 400, NUMBERED)) == [(number, 100) for number in range(4)]


def test_still_rests_where_an_action_is_called_so_and_does_what_it_is_told():
    assert actions("still", 3) == [0, 0, 0]
    named = ActionSpace(count=2, names=("fire", "noop"))
    assert actions("still", 2, named) == [1, 1] and actions("still:fire", 2, named) == [0, 0]
    assert np.array_equal(actions("still", 1, BOX)[0], np.array([0, 0.5], dtype=np.float32))
    assert np.array_equal(actions("still:-0.5,2", 1, BOX)[0], np.array([-0.5, 2], dtype=np.float32))


def test_a_sweep_goes_to_and_fro_with_a_period_of_its_own():
    steps = []
    for seed in range(300):
        found = runs(actions("sweep:left+right:20-30", 200, seed=seed))
        assert {action for action, _ in found} == {1, 2}
        whole = {length for _, length in found[1:-1]}
        assert len(whole) == 1, "all turns of an episode but the cut ones last as long"
        assert found[0][1] <= min(whole)
        steps += whole
    assert np.allclose(np.bincount(steps, minlength=31)[20:] / 300, 1 / 11, atol=0.06)
    assert sum(steps) == pytest.approx(300 * 25, rel=0.03)


def test_sweeps_draw_every_pair_alike_and_begin_anywhere():
    found = [runs(actions("sweep:50-50", 100, seed=seed)) for seed in range(600)]
    pairs = [tuple(sorted({action for action, _ in one})) for one in found]
    shares = [pairs.count(pair) / 600 for pair in ((0, 1), (0, 2), (1, 2))]
    assert np.allclose(shares, 1 / 3, atol=0.07)
    firsts = np.array([one[0][1] for one in found])
    assert set(range(1, 51)) == set(firsts) and abs(firsts.mean() - 25.5) < 2


@pytest.mark.parametrize(
    ("words", "config"),
    [
        ("sweep", SweepConfig()),
        ("sweep:60-90", SweepConfig(shortest=60, longest=90)),
        ("sweep:left+right", SweepConfig(actions=("left", "right"))),
        ("sweep:1+2:5-9", SweepConfig(shortest=5, longest=9, actions=("1", "2"))),
        ("still", StillConfig()),
        ("still:left", StillConfig(action="left")),
        ("periodic:0:5+1:6@3", PeriodicConfig(phases=("0:5", "1:6"), offset=3)),
        ("periodic:-1,0.5:5", PeriodicConfig(phases=("-1,0.5:5",))),
    ],
)
def test_words_say_what_a_policy_does(words, config):
    assert policy_of(words) == config


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("helt", "unknown policy 'helt'; did you mean 'held'"),
        ("random:3", "the policy 'random' takes nothing after a colon, got '3'"),
        ("held:5", "as in held:1-60, got '5'"),
        ("held:9-3", "held needs 1 <= shortest <= longest, got shortest 9 and longest 3"),
        ("sweep:9-3", "sweep needs 1 <= shortest <= longest"),
        ("sweep:left:3-4", "sweep needs two actions or more, got only 'left'"),
        ("periodic:left", "an action and its steps, as in left:130, got 'left'"),
        ("periodic:left:0", "got 'left:0'"),
        ("periodic:left:99999999", "a round of periodic has at most 1000000 steps"),
        ("periodic:left:5@soon", "the offset of periodic is a whole number of steps, got 'soon'"),
    ],
)
def test_words_that_mean_nothing_are_refused_in_a_sentence(words, said):
    with pytest.raises(WrongInput, match=said.replace("(", r"\(")):
        policy_of(words)


@pytest.mark.parametrize(
    ("space", "word", "said"),
    [
        (COVER, "lift", "unknown action 'lift'; did you mean 'left'"),
        (COVER, "3", "there is no action 3; the actions here are 0 to 2"),
        (NUMBERED, "left", "unknown action 'left'; the actions here have numbers, 0 to 3"),
        (NUMBERED, "-1", "unknown action '-1'"),
        (BOX, "left", "2 numbers with commas between, got 'left'"),
        (BOX, "0.5", "an action here has 2 numbers, got 1 in '0.5'"),
        (BOX, "0,0", "must lie between"),
        (BOX, "nan,1", "must lie between"),
    ],
)
def test_an_action_that_is_not_there_is_refused_in_a_sentence(space, word, said):
    with pytest.raises(WrongInput, match=said):
        action_of(space, word)
