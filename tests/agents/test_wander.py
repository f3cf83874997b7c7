"""Wandering actions are the Ornstein-Uhlenbeck process that they are said to be."""

import numpy as np
import pytest
from scipy import stats

from reverie.agents._words import policy_of
from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace


def box(*bounds):
    low, high = np.array(bounds, dtype=np.float32).T
    return ActionSpace(count=None, low=low, high=high)


CAR = box((-1, 1), (0, 1), (0, 1))
WIDE = box((-100, 100))


def actions(words, count, seed=0, space=WIDE):
    policy, generator, hidden, taken = policy_of(words).build(space), numpy_generator(seed), None, []
    for _ in range(count):
        action, hidden = policy.act(None, hidden, generator)
        taken.append(action)
    return np.array(taken, dtype=np.float64)


@pytest.mark.parametrize("steps", [1.5, 7, 30])
def test_deviation_and_autocorrelation_are_those_of_the_closed_form(steps):
    """A process of time constant T, looked at every step: correlation exp(-lag / T), whatever the step.

    Tolerances are four standard errors of such estimates (Bartlett 1946).
    """
    count, memory = 20_000, np.exp(-1 / steps)
    taken = actions(f"wander:2~0.5@{steps}", count)[:, 0]
    slack = np.sqrt((1 + memory) / (1 - memory) / count)
    assert abs(taken.mean() - 2) < 4 * 0.5 * slack
    squared = np.sqrt((1 + memory**2) / (1 - memory**2) / (2 * count))
    assert abs(taken.std() / 0.5 - 1) < 4 * squared
    off = (taken - taken.mean()) / taken.std()
    for lag in (1, 2, 5, 12):
        found = np.mean(off[lag:] * off[:-lag])
        error = np.sqrt((1 + memory**2) / (1 - memory**2) / count)
        assert abs(found - np.exp(-lag / steps)) < 4 * error


def test_steps_are_normal_about_what_is_remembered():
    """Given one step, the next is normal: mean m + r (x - m), variance s^2 (1 - r^2)."""
    taken = actions("wander:0~0.3@7", 4000)[:, 0]
    memory = np.exp(-1 / 7)
    shocks = (taken[1:] - memory * taken[:-1]) / (0.3 * np.sqrt(1 - memory**2))
    assert stats.kstest(shocks, "norm").pvalue > 0.001


def test_an_episode_begins_anywhere():
    """The first action is already drawn from where the process is in the long run."""
    policy = policy_of("wander:0~0.3@50").build(WIDE)
    first = [policy.act(None, None, numpy_generator(seed))[0][0] for seed in range(500)]
    assert stats.kstest(np.array(first) / 0.3, "norm").pvalue > 0.001


def test_a_range_is_uniform_and_a_share_is_a_share():
    taken = actions("wander:0~0.3,0.2-0.6,5%@3", 15_000, space=CAR)
    assert taken[:, 1].min() >= 0.2 and taken[:, 1].max() <= 0.6
    assert stats.kstest((taken[::15, 1] - 0.2) / 0.4, "uniform").pvalue > 0.001
    assert set(taken[:, 2]) == {0.0, 1.0}
    assert abs(taken[:, 2].mean() - 0.05) < 0.012


def test_a_car_sways_gives_gas_and_brakes_now_and_then():
    assert np.array_equal(
        actions("wander", 200, space=CAR), actions("wander:0~0.3,0.2-0.6,5%@7", 200, space=CAR)
    )


def test_other_boxes_are_swayed_in_about_their_middles():
    taken = actions("wander", 8000, space=box((-2, 2), (4, 5)))
    assert np.allclose(taken.mean(0), [0, 4.5], atol=0.1)
    assert np.allclose(taken.std(0), [0.6, 0.15], rtol=0.1)


def test_what_would_leave_the_box_is_cut():
    taken = actions("wander:0.9~0.3", 5000, space=box((-1, 1)))
    assert taken.max() == 1 and 0.2 < (taken == 1).mean() < 0.5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("wander:0~0", "got '0~0'"),
        ("wander:nan~1", "got 'nan~1'"),
        ("wander:0.6-0.2", "got '0.6-0.2'"),
        ("wander:0%", "got '0%'"),
        ("wander:left", "two bounds, as in 0.2-0.6, or a share of the steps, as in 5%; got 'left'"),
        ("wander:0~0.3@", "a number of steps, as in @7, got ''"),
        ("wander:0~0.3@0", "wander field 'steps' must be positive, got 0.0"),
        ("wander:0~0.3@inf", "got 'inf'"),
        ("wander:0~0.3,5%", "an action here has 1 numbers, and wander got 2 courses: 0~0.3,5%"),
        ("wander:200~1", "the course 200~1 leaves the bounds -100 and 100"),
        ("wander:0-200", "the course 0-200 leaves the bounds -100 and 100"),
    ],
)
def test_courses_that_cannot_be_are_refused(words, told):
    with pytest.raises(WrongInput, match=told):
        policy_of(words).build(WIDE)
