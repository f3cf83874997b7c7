"""Lens: a way of looking at a representation; Exhibit: what it is given to look at."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Float32

from reverie.core.config import Config
from reverie.core.representation import Representation
from reverie.core.world import Factor


@dataclass(frozen=True)
class Exhibit:
    """A representation, some frames, and what is known about them."""

    name: str
    representation: Representation
    """In evaluation mode."""
    frames: Float[torch.Tensor, "frame channel height width"]
    codes: Float32[np.ndarray, "frame unit"]
    """The mean code of each frame."""
    truth: Float32[np.ndarray, "frame factor"]
    """What the simulator knew; no columns where nothing is known."""
    factors: tuple[Factor, ...]
    """Names and units of the columns of `truth`."""


@dataclass(frozen=True, kw_only=True)
class LensConfig(Config, ABC):
    """Settings of one way of looking."""

    decodes: ClassVar[bool] = False
    """Whether it needs frames of codes, which a representation without a decoder cannot make."""

    @abstractmethod
    def draw(self, exhibit: Exhibit, generator: np.random.Generator) -> Any:
        """A matplotlib figure of the exhibit; what is chosen at random is drawn from `generator`."""
