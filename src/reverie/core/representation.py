"""Representation: frames to codes and back; Player and Losses: all that the training loop knows of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.core.config import Config
from reverie.core.errors import WrongInput
from reverie.core.posterior import Posterior


@dataclass(frozen=True)
class Losses:
    """The terms of one batch by name, each one number an image, and the weight of each in the total."""

    terms: Mapping[str, Float[Tensor, " batch"]]
    weights: Mapping[str, float]

    def total(self) -> Float[Tensor, ""]:
        """The number to descend: the weighted sum of the terms, averaged over the batch."""
        parts = [weight * self.terms[name].mean() for name, weight in self.weights.items() if weight != 0.0]
        return torch.stack(parts).sum()


@dataclass(frozen=True)
class Player:
    """One who learns: its name, its parameters, its loss, and its learning rate as a factor of the plan's."""

    name: str
    parameters: Callable[[], Iterable[nn.Parameter]]
    loss: Callable[[Any, torch.Generator], Losses]
    learning_rate: float = 1.0


@dataclass(frozen=True)
class View:
    """What a term may look at: the images to rebuild, the belief, the codes drawn from it, the prediction."""

    frames: Float[Tensor, "batch *frame"]
    posterior: Posterior
    codes: Float[Tensor, "batch *code"]
    prediction: Float[Tensor, "batch *frame"]


Term = Callable[[View], Float[Tensor, " batch"]]
"""One term of an objective: a number an image, summed over pixels, in nats where that has a meaning."""


class Representation(nn.Module, ABC):
    """Frames to codes and back."""

    code_size: int
    pair_gap: int | None = None
    """Steps between the two frames of the pairs that it learns from; None where it learns from frames."""
    compares: bool = False
    """Whether its loss sets the images of a batch against each other, and so depends on their number."""

    @abstractmethod
    def encode(self, frames: Float[Tensor, "batch *frame"]) -> Posterior:
        """The belief about the code of each frame; frames are float in [0, 1], channel second."""

    @abstractmethod
    def decode(self, codes: Float[Tensor, "batch *code"]) -> Float[Tensor, "batch *frame"]:
        """The frame that each code stands for."""

    @abstractmethod
    def players(self) -> Sequence[Player]:
        """Who learns: one for an autoencoder, two for an adversarial pair."""


class EncoderOnly(Representation, ABC):
    """Frames to codes, and no way back: what learns without rebuilding, or comes from elsewhere."""

    lacks: str = "has no decoder"
    """Why there is no way back, as a sentence about it goes on."""

    def decode(self, codes: Float[Tensor, "batch *code"]) -> Float[Tensor, "batch *frame"]:
        """Always WrongInput: there is no decoder of frames."""
        raise WrongInput(f"this representation {self.lacks}: it makes codes of frames, not frames of codes")


@dataclass(frozen=True, kw_only=True)
class RepresentationConfig(Config, ABC):
    """What a user chooses of a representation; its file's name is its word."""

    @property
    def term(self) -> str | None:
        """Words of the term that it has to be built with in order to learn; None where it needs none."""
        return None

    @abstractmethod
    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Representation:
        """The representation of frames of this shape (channel, height, width).

        One that rebuilds can encode and decode without a reconstruction term, but not learn; one that does
        not rebuild has no use for the term.
        Raises WrongInput when the method cannot see frames of this shape.
        """


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(RepresentationConfig, ABC):
    """What a user chooses of a representation that learns by rebuilding frames."""

    reconstruction: str = "pixel"
    """What rebuilding well means: pixel, pixel:bce, perceptual:squeezenet@fire3, ... (see the terms)."""

    @property
    def term(self) -> str:
        """The reconstruction."""
        return self.reconstruction
