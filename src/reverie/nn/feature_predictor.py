"""Feature predictor: an autoencoder whose decoder makes a frozen network's features instead of the frame."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.core.posterior import Posterior
from reverie.core.representation import EncoderOnly, Losses, Player
from reverie.core.shapes import Frames
from reverie.nn.autoencoder import Head, Objective, check_frames
from reverie.nn.decoder import Decoder

Lesson = tuple[Callable[[Frames], Tensor], Objective]
"""What it shall make of frames, and what it pays for missing that."""


class FeaturePredictor(EncoderOnly):
    """Frames to codes to features; no frame is rebuilt, so there is none to show.

    `decoder.frame_shape` is the features' shape. Without a lesson it can encode, but not learn.
    Source: Pihlgren, Sandin & Liwicki 2020, Pretraining Image Encoders without Reconstruction via Feature
    Prediction Loss.
    """

    lacks = "predicts features, not frames"

    def __init__(
        self,
        encoder: nn.Module,
        head: Head,
        decoder: Decoder,
        *,
        frame_shape: tuple[int, ...],
        lesson: Lesson | None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self._head = head
        self._lesson = lesson
        self.code_size = decoder.code_size
        self.frame_shape = frame_shape

    def encode(self, frames: Frames) -> Posterior:
        """The belief about the code of each frame; ValueError for other shapes and for bytes."""
        check_frames(frames, self.frame_shape)
        return self._head(self.encoder(frames).to(frames.dtype))

    def predict(self, codes: Float[Tensor, "batch code"]) -> Float[Tensor, "batch feature row column"]:
        """The features that each code stands for."""
        return self.decoder(codes).to(codes.dtype)

    def loss(self, frames: Frames, generator: torch.Generator | None) -> Losses:
        """The terms of the objective for each image of a batch, its features being what is rebuilt."""
        assert self._lesson is not None, "built without a reconstruction term: it can encode, not learn"
        targets, objective = self._lesson
        return objective.losses(targets(frames), self.encode(frames), self.predict, generator)

    def players(self) -> Sequence[Player]:
        """One, who holds every parameter."""
        assert self._lesson is not None, "built without a reconstruction term: it can encode, not learn"
        return [Player("autoencoder", self.parameters, self.loss)]
