"""World: an environment as the recorder sees it; Policy: what acts in it."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8


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

    def frame(self) -> UInt8[np.ndarray, "height width 3"]:
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
