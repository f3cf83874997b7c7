"""Stack: the last few frames of a world side by side in the channels, as agents without memory see it."""

from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from reverie.core.world import Step, World


class Stacked(World):
    """A world whose frames hold the latest ones too, oldest first.

    An episode begins with copies of its first frame. Every step is drawn, so that a stride changes no
    frame that is kept.
    """

    def __init__(self, world: World, count: int) -> None:
        self._world = world
        self._count = count
        self._frames: list[np.ndarray] = []
        self.factors = world.factors
        self.action_space = world.action_space

    def reset(self, generator: np.random.Generator) -> None:
        """Start a new episode with `count` copies of its first frame."""
        self._world.reset(generator)
        self._frames = [self._world.frame()] * self._count

    def step(self, action: Any) -> Step:
        """Take one action and look."""
        step = self._world.step(action)
        self._frames = [*self._frames[1:], self._world.frame()]
        return step

    def frame(self) -> UInt8[np.ndarray, "height width channel"]:
        """The latest frames, channel after channel."""
        return np.concatenate(self._frames, axis=2)

    def truth(self) -> Float32[np.ndarray, " factor"]:
        """The factors of the latest frame."""
        return self._world.truth()

    def visible(self) -> bool:
        """Whether the latest frame shows what the factors say."""
        return self._world.visible()

    def description(self) -> dict[str, Any]:
        """What is said of the world, and how many frames are stacked."""
        said = self._world.description()
        chain = [*said["preprocessing"], f"the last {self._count} frames in the channels, oldest first"]
        return {**said, "frame_stack": self._count, "preprocessing": chain}

    def close(self) -> None:
        """Give back windows and memory."""
        self._world.close()
