"""Episode: what was seen, done, gained and true, step by step."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float32, UInt8

Ending = Literal["terminated", "truncated", "unfinished"]


@dataclass(frozen=True)
class Episode:
    """One episode; `frames[t]` is what was seen before `actions[t]`, `factors[t]` belongs to `frames[t]`.

    With a frame stride k above 1, `actions[t]` is the action taken at `frames[t]` and `rewards[t]` is the sum
    up to the next kept frame. `visible[t]` is false where the frame does not show what the factors say
    (the object is off screen, or the game shows no last frame).
    """

    rewards: Float32[np.ndarray, " steps"]
    frames: UInt8[np.ndarray, "steps+1 height width channel"]
    actions: Any
    """int64 (steps,) or float32 (steps, action)."""
    ending: Ending
    factors: Float32[np.ndarray, "steps+1 factor"]
    visible: Bool[np.ndarray, " steps+1"]

    def __len__(self) -> int:
        """Number of steps; there is one more frame than steps."""
        return len(self.rewards)
