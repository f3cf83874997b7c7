"""Random actions: every step an independent uniform draw."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.core.world import ActionSpace, Policy, PolicyConfig


@dataclass(frozen=True, kw_only=True)
class RandomConfig(PolicyConfig):
    """Uniform over the actions, or over the box between their bounds."""

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions."""
        return RandomPolicy(action_space)


@dataclass(frozen=True)
class RandomPolicy:
    """A new uniform action at every step."""

    action_space: ActionSpace

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """A uniform action; looks at nothing and remembers nothing."""
        return self.action_space.sample(generator), hidden
