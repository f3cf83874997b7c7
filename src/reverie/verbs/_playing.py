"""Playing: fitness in the environment of the recordings, groups of episodes shared out among a crew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.core.config import from_json
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace, World
from reverie.core.world_model import Actor
from reverie.data.store import DataSet
from reverie.engine.crew import Executor
from reverie.envs.coded import CodedWorlds, Sight, decode_actions
from reverie.verbs.capture import CaptureJob

TOGETHER = 8
"""Episodes whose frames are encoded in one batch; a part of what a seed means."""


@dataclass(frozen=True)
class Errand:
    """Episodes of one candidate: numbers from `first` on, so many of them, of a seed."""

    parameters: Float[Tensor, " parameter"]
    first: int
    count: int
    seed: int


@dataclass(frozen=True)
class Playing:
    """Fitness in the real environment; scores do not depend on who plays."""

    executor: Executor

    def __call__(
        self, candidates: Float[Tensor, "candidate parameter"], rollouts: int, seed: int
    ) -> Float[Tensor, "candidate rollout"]:
        """Return of each candidate in each episode, which are the same for all candidates."""
        firsts = range(0, rollouts, TOGETHER)
        errands = [
            Errand(candidate, first, min(TOGETHER, rollouts - first), seed)
            for candidate in candidates
            for first in firsts
        ]
        found = dict(self.executor.work_through(dict(enumerate(errands))))
        return torch.cat([found[number] for number in range(len(errands))]).view(len(candidates), rollouts)


@dataclass(frozen=True)
class Stage:
    """What a worker plays with: worlds, made when they are first needed, and how they are seen."""

    make_world: Callable[[], World]
    sight: Sight
    action_space: ActionSpace
    max_steps: int
    worlds: list[World]

    def play(self, actor: Actor, errand: Errand) -> Float[Tensor, " episode"]:
        """Return of each episode of an errand."""
        while len(self.worlds) < errand.count:
            self.worlds.append(self.make_world())
        numbers = range(errand.first, errand.first + errand.count)
        playing = self.worlds[: errand.count]
        for world, number in zip(playing, numbers, strict=True):
            world.reset(numpy_generator(errand.seed, "episode", number))
        coded = CodedWorlds(self.sight, [numpy_generator(errand.seed, "codes", number) for number in numbers])
        returns, living = torch.zeros(errand.count, dtype=torch.float64), list(range(errand.count))
        for _ in range(self.max_steps):
            instant = coded.see([playing[place].frame() for place in living])
            actions = actor.act(instant.code, instant.hidden)
            coded.remember(instant, actions)
            left = self._step([playing[place] for place in living], actions, returns, living)
            if not left:
                break
            if len(left) < len(living):
                coded.keep(left)
                actor = actor.keep(torch.tensor(left))
                living = [living[row] for row in left]
        return returns

    def _step(
        self, worlds: Sequence[World], actions: Tensor, returns: Tensor, living: Sequence[int]
    ) -> list[int]:
        """Take a step in every world; rows of those that go on."""
        left = []
        taken = decode_actions(self.action_space, actions)
        for row, (world, action) in enumerate(zip(worlds, taken, strict=True)):
            step = world.step(action)
            returns[living[row]] += step.reward
            if not (step.terminated or step.truncated):
                left.append(row)
        return left


def world_maker(data: DataSet) -> Callable[[], World]:
    """What makes the world that recordings show; WrongInput where they were not captured."""
    written: Any = Run.open(data.path).job() if (data.path / "job.json").is_file() else {"verb": None}
    if written["verb"] != "capture":
        raise WrongInput(
            f"{data.path} was not captured from an environment; train in the dream, without --in"
        )
    job = from_json(CaptureJob, written["job"], f"job of {data.path}")
    return job.world
