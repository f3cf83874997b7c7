"""Blind: a policy that looks at nothing, acting in many dreams at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.core.world import ActionSpace, Policy
from reverie.core.world_model import encode_actions


@dataclass(frozen=True)
class Blind:
    """An actor whose rows each follow the policy with a generator of their own, as a real episode would."""

    policy: Policy
    action_space: ActionSpace
    generators: Sequence[np.random.Generator]
    memory: list[Any] = field(default_factory=list)
    """The policy's hidden state in each row; empty before the first step."""

    def act(
        self, code: Float[Tensor, "batch code"], hidden: tuple[Float[Tensor, "batch hidden"], ...]
    ) -> Float[Tensor, "batch action"]:
        """The policy's next action in each row; the code is not looked at."""
        memory = self.memory or [None] * len(self.generators)
        told = [
            self.policy.act(None, kept, generator)
            for kept, generator in zip(memory, self.generators, strict=True)
        ]
        self.memory[:] = [kept for _, kept in told]
        actions = np.stack([np.asarray(action) for action, _ in told])
        return encode_actions(self.action_space, actions).to(code.device)

    def keep(self, rows: Int64[Tensor, " kept"]) -> "Blind":
        """The same for some of the rows."""
        chosen = rows.tolist()
        memory = [self.memory[row] for row in chosen] if self.memory else []
        return Blind(self.policy, self.action_space, [self.generators[row] for row in chosen], memory)
