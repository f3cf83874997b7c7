"""Outcome: what an episode came to, without its frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.core.episode import Ending
from reverie.core.world import Policy, World
from reverie.engine.rollout import _ending, _step


@dataclass(frozen=True)
class Outcome:
    """Score and length of one episode."""

    score: float
    """Sum of the rewards."""
    steps: int
    ending: Ending


def play(world: World, policy: Policy, generator: np.random.Generator, max_steps: int) -> Outcome:
    """Play one episode blind, as `record` does, and keep only what it came to; nothing is drawn.

    Raises BrokeWhileWorking, naming the step, when the world breaks or a reward is not a finite number.
    """
    world.reset(generator)
    hidden: Any = None
    score, step = 0.0, 0
    ending: Ending | None = None
    while ending is None:
        action, hidden = policy.act(None, hidden, generator)
        result = _step(world, action, step)
        score += result.reward
        step += 1
        ending = _ending(result, step, max_steps)
    return Outcome(score, step, ending)
