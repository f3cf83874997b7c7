"""Mixed actions: every episode acts by one of several policies, and now and then at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.agents._words import policy_of
from reverie.core.errors import WrongInput
from reverie.core.family import word_of
from reverie.core.world import ActionSpace, Policy, PolicyConfig

MOST = 1000
"""Largest weight of a policy."""


@dataclass(frozen=True, kw_only=True)
class MixedConfig(PolicyConfig):
    """One policy drawn for every episode; of its steps a share takes a uniform action instead.

    Source: for epsilon, Mnih et al. 2015.
    """

    mix: tuple[str, ...] = ("random", "held")
    """Policies of which each episode draws one, with weights: held:1-10=5 held:1-60=3 sweep=2; else alike."""
    epsilon: float = 0.0
    """Share of the steps that take a uniform action instead of the policy's."""

    def __post_init__(self) -> None:
        """Refuse an empty mix, a mix of mixes, a weight that is none, and a share that is none."""
        words = [words.partition(":")[0] for words, _ in map(_part, self.mix)]
        if not words or word_of(self) in words:
            raise WrongInput(
                f"mixed needs at least one policy other than itself, got {', '.join(self.mix)!r}"
            )
        if not 0.0 <= self.epsilon <= 1.0:
            raise WrongInput(f"epsilon must be from 0 to 1, got {self.epsilon}")
        for part, _ in map(_part, self.mix):
            policy_of(part)

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions; WrongInput where one of them does not fit."""
        parts = [(policy_of(words).build(action_space), weight) for words, weight in map(_part, self.mix)]
        return MixedPolicy(
            action_space, tuple(policy for policy, weight in parts for _ in range(weight)), self.epsilon
        )


@dataclass(frozen=True)
class MixedPolicy:
    """Draws who acts when an episode starts; hidden is (its number, its own hidden)."""

    action_space: ActionSpace
    parts: tuple[Policy, ...]
    """A policy of weight 2 stands here twice."""
    epsilon: float

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """The action of this episode's policy, which also thinks of the steps that it does not take."""
        number, own = (int(generator.integers(len(self.parts))), None) if hidden is None else hidden
        action, own = self.parts[number].act(observation, own, generator)
        if self.epsilon and generator.random() < self.epsilon:
            action = self.action_space.sample(generator)
        return action, (number, own)


def _part(text: str) -> tuple[str, int]:
    """The words of a policy and its weight."""
    words, equals, weight = text.partition("=")
    if equals and not (weight.isdecimal() and len(weight) < 5 and 1 <= int(weight) <= MOST):
        raise WrongInput(f"the weight of {words!r} must be a whole number from 1 to {MOST}, got {weight!r}")
    return words, int(weight or 1)
