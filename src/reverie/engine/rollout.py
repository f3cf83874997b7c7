"""Rollout: one episode of a world under a policy, frames and truth of the same instant."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.core.episode import Ending, Episode
from reverie.core.errors import BrokeWhileWorking
from reverie.core.world import Policy, Step, World

LARGEST_REWARD = 1e30
"""Rewards beyond this are taken for accidents; float32 could not add up a few of them."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How much of an episode is kept."""

    max_steps: int
    """Steps after which the recorder stops; such an episode is `unfinished`."""
    stride: int = 1
    """Keep the steps 0, stride, 2 stride, ... and the last; only these are drawn."""


def record(world: World, policy: Policy, generator: np.random.Generator, cut: Cut) -> Episode:
    """Play one episode and keep what was seen, done, gained and true.

    The world's reset and the policy draw from `generator`. The policy is shown the latest frame that is kept.
    Raises BrokeWhileWorking, naming the step, when the world breaks or a reward is not a finite number.
    """
    world.reset(generator)
    film = _Film(world)
    film.see()
    hidden: Any = None
    step = 0
    ending: Ending | None = None
    while ending is None:
        action, hidden = policy.act(film.latest, hidden, generator)
        if step % cut.stride == 0:
            film.act(action)
        result = _step(world, action, step)
        film.gain(result.reward)
        step += 1
        ending = _ending(result, step, cut.max_steps)
        if ending is not None or step % cut.stride == 0:
            film.see()
    return film.episode(ending)


class _Film:
    """What was kept so far."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._frames: list[np.ndarray] = []
        self._factors: list[np.ndarray] = []
        self._visible: list[bool] = []
        self._actions: list[Any] = []
        self._rewards: list[float] = []

    def see(self) -> None:
        self._frames.append(self._world.frame())
        self._factors.append(self._world.truth())
        self._visible.append(self._world.visible())

    @property
    def latest(self) -> np.ndarray:
        return self._frames[-1]

    def act(self, action: Any) -> None:
        self._actions.append(action)
        self._rewards.append(0.0)

    def gain(self, reward: float) -> None:
        self._rewards[-1] += reward

    def episode(self, ending: Ending) -> Episode:
        discrete = self._world.action_space.count is not None
        return Episode(
            rewards=np.array(self._rewards, dtype=np.float32),
            frames=np.stack(self._frames),
            actions=np.array(self._actions, dtype=np.int64 if discrete else np.float32),
            ending=ending,
            factors=np.stack(self._factors),
            visible=np.array(self._visible, dtype=bool),
        )


def _step(world: World, action: Any, step: int) -> Step:
    try:
        result = world.step(action)
    except BrokeWhileWorking as error:
        raise BrokeWhileWorking(f"step {step}: {error}") from error
    if not abs(result.reward) <= LARGEST_REWARD:
        raise BrokeWhileWorking(f"step {step}: the reward is {result.reward}, not a finite number")
    return result


def _ending(result: Step, step: int, max_steps: int) -> Ending | None:
    # A time limit that falls on the fatal step does not make it less fatal.
    if result.terminated:
        return "terminated"
    if result.truncated:
        return "truncated"
    return "unfinished" if step >= max_steps else None
