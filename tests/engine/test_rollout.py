"""A rollout keeps what was seen and what was true together."""

import re

import numpy as np
import pytest

from reverie.core.errors import BrokeWhileWorking
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace, Factor, Step
from reverie.engine.rollout import Cut, record


class Clock:
    """A world that shows and knows the number of steps taken; the reward of a step is its number."""

    factors = (Factor("time", "steps"),)
    action_space = ActionSpace(count=100)

    def __init__(self, ends=None, reward=None):
        self.ends, self.special, self.drawn = ends or {}, reward or {}, 0

    def reset(self, generator):
        self.time = 0

    def step(self, action):
        assert action == self.time
        self.time += 1
        end = self.ends.get(self.time, ())
        return Step(self.special.get(self.time, float(self.time)), "terminated" in end, "truncated" in end)

    def frame(self):
        self.drawn += 1
        return np.full((2, 2, 3), self.time, dtype=np.uint8)

    def truth(self):
        return np.array([self.time], dtype=np.float32)

    def visible(self):
        return self.time % 2 == 0

    def description(self):
        return {}

    def close(self):
        pass


class Counting:
    """Acts with the number of the step."""

    def act(self, observation, hidden, generator):
        time = hidden or 0
        return time, time + 1


def play(world, max_steps=7, stride=1):
    return record(world, Counting(), numpy_generator(0), Cut(max_steps=max_steps, stride=stride))


def test_frame_and_truth_are_those_before_the_action():
    episode = play(Clock())
    assert episode.frames[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert episode.factors[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert episode.actions.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert episode.rewards.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert episode.visible.tolist() == [True, False] * 4


def test_a_stride_keeps_every_third_frame_the_last_and_all_the_reward():
    world = Clock()
    episode = play(world, max_steps=8, stride=3)
    assert episode.frames[:, 0, 0, 0].tolist() == [0, 3, 6, 8]
    assert episode.actions.tolist() == [0, 3, 6]
    assert episode.rewards.tolist() == [1 + 2 + 3, 4 + 5 + 6, 7 + 8]
    assert world.drawn == 4


@pytest.mark.parametrize(
    ("end", "ending"),
    [
        ({"terminated"}, "terminated"),
        ({"truncated"}, "truncated"),
        ({"terminated", "truncated"}, "terminated"),
    ],
)
def test_endings_are_told_apart(end, ending):
    episode = play(Clock(ends={4: end}))
    assert (len(episode), episode.ending) == (4, ending)


def test_an_episode_cut_off_by_the_recorder_is_unfinished():
    assert play(Clock()).ending == "unfinished"


def test_death_on_the_last_step_is_death():
    assert play(Clock(ends={7: {"terminated"}})).ending == "terminated"


@pytest.mark.parametrize("reward", [float("nan"), float("inf"), 1e300])
def test_a_reward_that_is_no_number_is_named_with_its_step(reward):
    with pytest.raises(BrokeWhileWorking, match=re.escape(f"step 4: the reward is {reward}")):
        play(Clock(reward={5: reward}))
