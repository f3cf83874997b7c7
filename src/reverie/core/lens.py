"""Lens: a way of looking at a representation, or at a dream; Exhibit: what it is given to look at."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
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


@dataclass(frozen=True)
class OpenLoop:
    """A recorded stretch of an episode beside dreams that begin in it and follow its actions."""

    real: Float[torch.Tensor, "frame channel height width"]
    rebuilt: Float[torch.Tensor, "frame channel height width"]
    """What is rebuilt from the code of each real frame alone."""
    dreamt: Mapping[float, Float[torch.Tensor, "frame channel height width"]]
    """Frames of the dream by temperature; up to `warm_up` those that are rebuilt."""
    ends: Mapping[float, int | None]
    """The frame at which the world model ends each dream; None where it goes on."""
    warm_up: int
    """The last real frame that the dreams have seen."""
    source: str
    """Where the stretch is from, in words."""


@dataclass(frozen=True)
class DreamExhibit:
    """What a world model's run has to show."""

    name: str
    open_loop: OpenLoop | None
    """None where frames are not wanted, or cannot be decoded."""
    forecast: Mapping[str, Any]
    """What `reverie model` found out about held-out episodes."""
    audit: Mapping[str, Any] | None
    """What `reverie audit` found out, if it was asked."""


@dataclass(frozen=True, kw_only=True)
class DreamLensConfig(Config, ABC):
    """Settings of one way of looking at the dream of a world model."""

    decodes: ClassVar[bool] = False
    """Whether it needs frames, and so the open loop."""

    @abstractmethod
    def draw(self, exhibit: DreamExhibit) -> Any:
        """A matplotlib figure of the exhibit."""
