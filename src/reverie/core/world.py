"""World: an environment as the recorder sees it; Policy: what acts in it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from reverie.core.config import Config
from reverie.core.errors import WrongInput


@dataclass(frozen=True)
class Factor:
    """One thing that the simulator truly knows: its name and its unit."""

    name: str
    unit: str


@dataclass(frozen=True)
class ActionSpace:
    """Discrete with `count` actions, or a box between `low` and `high`."""

    count: int | None
    low: Float32[np.ndarray, " action"] | None = None
    high: Float32[np.ndarray, " action"] | None = None
    names: tuple[str, ...] = field(default=(), compare=False)
    """What the discrete actions are called, in their order; empty where the environment names none."""

    def sample(self, generator: np.random.Generator) -> Any:
        """A uniform action: an int, or float32 (action,)."""
        if self.count is not None:
            return int(generator.integers(self.count))
        assert self.low is not None and self.high is not None
        return generator.uniform(self.low, self.high).astype(np.float32)


class Step(NamedTuple):
    """What one action led to."""

    reward: float
    terminated: bool
    truncated: bool


@runtime_checkable
class World(Protocol):
    """An environment that can be seen and that knows the truth of what it shows."""

    factors: tuple[Factor, ...]
    action_space: ActionSpace

    def reset(self, generator: np.random.Generator) -> None:
        """Start a new episode; everything that varies is drawn from `generator`."""
        ...

    def step(self, action: Any) -> Step:
        """Take one action."""
        ...

    def frame(self) -> UInt8[np.ndarray, "height width channel"]:
        """What is to be seen now, at the recording's size."""
        ...

    def truth(self) -> Float32[np.ndarray, " factor"]:
        """The factors of what `frame` shows now."""
        ...

    def visible(self) -> bool:
        """Whether the frame shows what the factors say."""
        ...

    def description(self) -> dict[str, Any]:
        """What the manifest says of this world: id, version, arguments, preprocessing chain."""
        ...

    def close(self) -> None:
        """Give back windows and memory."""
        ...


@runtime_checkable
class Policy(Protocol):
    """What acts: an observation and a hidden state in, an action and the next hidden state out."""

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """Choose an action; `hidden` is None at the start of an episode."""
        ...


@dataclass(frozen=True, kw_only=True)
class PolicyConfig(Config, ABC):
    """What describes a policy of the family `agents`."""

    @classmethod
    def parse(cls, rest: str) -> "PolicyConfig":
        """The config that the words after the first colon of a policy stand for, as in held:1-60.

        WrongInput for words that the policy does not understand; most take none.
        """
        if rest:
            word = cls.__module__.rpartition(".")[2].replace("_", "-")
            raise WrongInput(f"the policy {word!r} takes nothing after a colon, got {rest!r}")
        return cls()

    @abstractmethod
    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for an environment with these actions."""
