"""Held random actions: a uniform draw repeated for a random number of steps, so that motion builds up."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.agents._words import range_of
from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace, Policy, PolicyConfig


@dataclass(frozen=True, kw_only=True)
class HeldConfig(PolicyConfig):
    """A uniform action, held for a uniform number of steps; `held:1-60` says between which.

    Source: Ha & Schmidhuber 2018, released code (Doom: actions held for 1-10 steps).
    """

    shortest: int = 1
    """Fewest steps that an action is held."""
    longest: int = 10
    """Most steps that an action is held."""

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        if not 1 <= self.shortest <= self.longest:
            given = f"shortest {self.shortest} and longest {self.longest}"
            raise WrongInput(f"held needs 1 <= shortest <= longest, got {given}")

    @classmethod
    def parse(cls, rest: str) -> "HeldConfig":
        """A range of steps, as in held:1-60."""
        return cls(**range_of("held", rest)) if rest else cls()

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions."""
        return HeldPolicy(action_space, self.shortest, self.longest)


@dataclass(frozen=True)
class HeldPolicy:
    """Draws an action and for how long to hold it; hidden is (action, steps left)."""

    action_space: ActionSpace
    shortest: int
    longest: int

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """The held action, or a new one when its time is over."""
        if hidden is None or hidden[1] == 0:
            steps = int(generator.integers(self.shortest, self.longest + 1))
            hidden = (self.action_space.sample(generator), steps)
        action, left = hidden
        return action, (action, left - 1)
