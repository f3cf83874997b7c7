"""Outcome: what an episode came to, without its frames."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reverie.core.episode import Ending
from reverie.core.world import Policy, World
from reverie.engine.rollout import _ending, _step


@dataclass(frozen=True)
class Outcome:
    """Score and length of one episode, and what was done in it."""

    score: float
    """Sum of the rewards."""
    steps: int
    ending: Ending
    actions: np.ndarray | None = field(default=None, compare=False, repr=False)
    """int64 (steps,) or float32 (steps, action): enough to play it again; None where it was not kept."""


def play(world: World, policy: Policy, generator: np.random.Generator, max_steps: int) -> Outcome:
    """Play one episode blind, as `record` does, and keep only what it came to; nothing is drawn.

    Raises BrokeWhileWorking, naming the step, when the world breaks or a reward is not a finite number.
    """
    world.reset(generator)
    hidden: Any = None
    diary = Diary()
    while diary.ending is None:
        action, hidden = policy.act(None, hidden, generator)
        diary.step(world, action, max_steps)
    return diary.outcome()


class Diary:
    """What an episode came to so far."""

    def __init__(self) -> None:
        self.score = 0.0
        self.ending: Ending | None = None
        self._actions: list[Any] = []

    def step(self, world: World, action: Any, max_steps: int) -> None:
        """Take one action in the world, and note what it led to."""
        result = _step(world, action, len(self._actions))
        self._actions.append(action)
        self.score += result.reward
        self.ending = _ending(result, len(self._actions), max_steps)

    def outcome(self) -> Outcome:
        """The whole of an episode that is over."""
        assert self.ending is not None
        return Outcome(self.score, len(self._actions), self.ending, np.array(self._actions))
