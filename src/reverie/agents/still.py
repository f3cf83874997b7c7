"""One action for ever: the one that does nothing, or any other."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.agents._words import action_of, rest_of
from reverie.core.world import ActionSpace, Policy, PolicyConfig


@dataclass(frozen=True, kw_only=True)
class StillConfig(PolicyConfig):
    """The same action at every step; `still:left` names it."""

    action: str = ""
    """Name or number of the action; if not given, the one called none or noop, else the first."""

    @classmethod
    def parse(cls, rest: str) -> "StillConfig":
        """The word of an action."""
        return cls(action=rest)

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions; WrongInput for an action that is none of them."""
        return StillPolicy(action_of(action_space, self.action) if self.action else rest_of(action_space))


@dataclass(frozen=True)
class StillPolicy:
    """Always the same."""

    action: Any

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """The action; nothing is remembered."""
        return self.action, hidden
