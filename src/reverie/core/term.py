"""Term: one part of an objective; what its file defines, and what it may ask for when it is built."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float

from reverie.core.config import Config
from reverie.core.representation import Term


@dataclass(frozen=True)
class Materials:
    """Run-time things that a term may need."""

    feature_network: Callable[[str], Any]
    """Finds a `FeatureNetwork` by its name; WrongInput for a name that nobody knows."""
    pixels: np.ndarray
    """Training frames as they lie on disk: bytes, (frame, height, width, channel); may be a memory map."""
    device: str | torch.device = "cpu"
    """Where the frames will be when the term is called."""

    def frames(self, count: int) -> Float[torch.Tensor, "frame channel height width"]:
        """At most `count` training frames, spread evenly over all of them, in [0, 1] on the device."""
        total = len(self.pixels)
        rows = np.arange(min(count, total)) * total // min(count, total)
        pixels = torch.from_numpy(np.ascontiguousarray(self.pixels[rows])).to(self.device)
        return rearrange(pixels, "frame row column channel -> frame channel row column") / 255.0


@dataclass(frozen=True, kw_only=True)
class TermConfig(Config, ABC):
    """What a user chooses of a term."""

    rebuilds: ClassVar[bool] = True
    """Whether it says how well frames are rebuilt, so that it may be chosen as the reconstruction."""

    @classmethod
    @abstractmethod
    def parse(cls, rest: str) -> "TermConfig":
        """The config that the words after the first colon stand for; WrongInput for unknown words."""

    @property
    def is_likelihood(self) -> bool:
        """Whether it is minus the log-likelihood of the frame, in nats, with the constant."""
        return False

    @abstractmethod
    def build(self, materials: Materials) -> Term:
        """The term, ready to be called on the batches of one run."""
