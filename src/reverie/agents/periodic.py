"""Actions in turn, each for so many steps, over and over: a metronome, blind to everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.agents._words import action_of
from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace, Policy, PolicyConfig

USUAL = 100
"""Steps of each action where no phases are named."""
LONGEST = 1_000_000
"""Most steps of a whole round."""


@dataclass(frozen=True, kw_only=True)
class PeriodicConfig(PolicyConfig):
    """A round of phases, repeated; `periodic:left:130+right:130@65` begins 65 steps into it.

    Nothing is random: two episodes differ only by their worlds.
    """

    phases: tuple[str, ...] = ()
    """Actions with the steps that each lasts, as in left:130; if none is given, every action in turn."""
    offset: int = 0
    """Steps of the round that are over when an episode starts."""

    def __post_init__(self) -> None:
        """Refuse phases that are none."""
        self.check_not_negative("offset")
        steps = [_phase(text)[1] for text in self.phases]
        if sum(steps) > LONGEST:
            raise WrongInput(f"a round of periodic has at most {LONGEST} steps, got {sum(steps)}")

    @classmethod
    def parse(cls, rest: str) -> "PeriodicConfig":
        """Phases with + between them, and the offset after an @."""
        phases, at, offset = rest.partition("@")
        if at and not (offset.isdecimal() and len(offset) < 10):
            raise WrongInput(f"the offset of periodic is a whole number of steps, got {offset!r}")
        return cls(phases=tuple(phases.split("+")) if phases else (), offset=int(offset or 0))

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions; WrongInput for an action that is none of them."""
        phases = [(action_of(action_space, word), steps) for word, steps in map(_phase, self.phases)]
        return periodic(phases or _everything(action_space), self.offset)


def periodic(phases: Sequence[tuple[Any, int]], offset: int) -> "PeriodicPolicy":
    """The policy that takes each action for its steps, over and over, beginning `offset` steps into it."""
    return PeriodicPolicy([action for action, steps in phases for _ in range(steps)], offset)


@dataclass(frozen=True)
class PeriodicPolicy:
    """Tells the steps off a list of actions; hidden is the number of steps that are over."""

    actions: Sequence[Any]
    """One for each step of the round."""
    offset: int

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """The action whose turn it is."""
        step = self.offset if hidden is None else hidden
        return self.actions[step % len(self.actions)], step + 1


def _phase(text: str) -> tuple[str, int]:
    word, _, steps = text.rpartition(":")
    if not word or not (steps.isdecimal() and len(steps) < 10 and int(steps) > 0):
        raise WrongInput(f"a phase of periodic is an action and its steps, as in left:130, got {text!r}")
    return word, int(steps)


def _everything(space: ActionSpace) -> list[tuple[Any, int]]:
    actions = [space.low, space.high] if space.count is None else list(range(space.count))
    return [(action, USUAL) for action in actions]
