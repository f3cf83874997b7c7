"""Mixed actions: every episode acts by one of several policies, and now and then at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.core.config import from_json
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, word_of
from reverie.core.world import ActionSpace, Policy, PolicyConfig


@dataclass(frozen=True, kw_only=True)
class MixedConfig(PolicyConfig):
    """One policy drawn for every episode; of its steps a share takes a uniform action instead.

    Source: for epsilon, Mnih et al. 2015.
    """

    mix: tuple[str, ...] = ("random", "held")
    """Policies of which each episode draws one, all alike probable; a word may stand more than once."""
    epsilon: float = 0.0
    """Share of the steps that take a uniform action instead of the policy's."""

    def __post_init__(self) -> None:
        """Refuse an empty mix, a mix of mixes, and a share that is none."""
        if not self.mix or word_of(self) in self.mix:
            raise WrongInput(
                f"mixed needs at least one policy other than itself, got {', '.join(self.mix)!r}"
            )
        if not 0.0 <= self.epsilon <= 1.0:
            raise WrongInput(f"epsilon must be from 0 to 1, got {self.epsilon}")
        for word in self.mix:
            config_of("agents", word, PolicyConfig)

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions."""
        configs = (from_json(config_of("agents", word, PolicyConfig), {}, word) for word in self.mix)
        parts = tuple(config.build(action_space) for config in configs)
        return MixedPolicy(action_space, parts, self.epsilon)


@dataclass(frozen=True)
class MixedPolicy:
    """Draws who acts when an episode starts; hidden is (its number, its own hidden)."""

    action_space: ActionSpace
    parts: tuple[Policy, ...]
    epsilon: float

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """The action of this episode's policy, which also thinks of the steps that it does not take."""
        number, own = (int(generator.integers(len(self.parts))), None) if hidden is None else hidden
        action, own = self.parts[number].act(observation, own, generator)
        if self.epsilon and generator.random() < self.epsilon:
            action = self.action_space.sample(generator)
        return action, (number, own)
