"""Sweeps: to and fro between two actions, with a period and a start drawn for every episode."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.agents._words import action_of, range_of
from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace, Policy, PolicyConfig


@dataclass(frozen=True, kw_only=True)
class SweepConfig(PolicyConfig):
    """Two actions in turn, each for the same number of steps, which every episode draws anew.

    Where moving to and fro is a good answer, episodes last long and show what random play never sees.
    `sweep:left+right:60-200` says between which actions, and for how many steps each.
    """

    shortest: int = 60
    """Fewest steps that an action lasts."""
    longest: int = 200
    """Most steps that an action lasts."""
    actions: tuple[str, ...] = ()
    """Actions of which an episode draws two; all, if none is given."""

    def __post_init__(self) -> None:
        """Refuse an empty range, and a choice that is none."""
        if not 1 <= self.shortest <= self.longest:
            given = f"shortest {self.shortest} and longest {self.longest}"
            raise WrongInput(f"sweep needs 1 <= shortest <= longest, got {given}")
        if len(self.actions) == 1:
            raise WrongInput(f"sweep needs two actions or more, got only {self.actions[0]!r}")

    @classmethod
    def parse(cls, rest: str) -> "SweepConfig":
        """Actions with + between them, a range of steps, or both with a colon between them."""
        words, _, steps = rest.rpartition(":")
        if "+" in steps:
            words, steps = rest, ""
        limits = range_of("sweep", steps) if steps else {}
        return cls(actions=tuple(words.split("+")) if words else (), **limits)

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions; WrongInput for an action that is none of them."""
        actions = [action_of(action_space, word) for word in self.actions]
        if not actions and action_space.count is not None:
            actions = list(range(action_space.count))
        return SweepPolicy(action_space, actions, self.shortest, self.longest)


@dataclass(frozen=True)
class SweepPolicy:
    """Draws a pair of actions and their steps; hidden is (pair, steps of each, steps that are over)."""

    action_space: ActionSpace
    actions: list[Any]
    """Of which two are drawn; empty in a box, where any two are."""
    shortest: int
    longest: int

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """The action whose turn it is."""
        pair, steps, step = self._draw(generator) if hidden is None else hidden
        return pair[step // steps % 2], (pair, steps, step + 1)

    def _draw(self, generator: np.random.Generator) -> tuple[list[Any], int, int]:
        if len(self.actions) > 1:
            chosen = generator.choice(len(self.actions), 2, replace=False)
            pair = [self.actions[number] for number in chosen]
        else:
            pair = self.actions * 2 or [self.action_space.sample(generator) for _ in range(2)]
        steps = int(generator.integers(self.shortest, self.longest + 1))
        return pair, steps, int(generator.integers(2 * steps))
