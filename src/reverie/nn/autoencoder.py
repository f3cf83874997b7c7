"""Autoencoder: an encoder, a belief, a decoder, and an objective; every autoencoder is one of these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from reverie.core.posterior import Posterior
from reverie.core.representation import Losses, Player, Representation, Term, View
from reverie.nn.decoder import Decoder

Head = Callable[[Tensor], Posterior]
"""The encoder's last features to a belief: `Point.from_features`, `DiagonalGaussian.from_features`."""

Decode = Callable[[Tensor], Tensor]
"""Codes to what is rebuilt of them."""


@dataclass(frozen=True)
class Objective:
    """What an autoencoder minimises: a weighted sum of terms, each one number an image.

    Source: Kochenderfer et al., Algorithms for Decision Making, eqs. D.7 to D.9, with the reconstruction
    term free to choose; as the negative evidence lower bound: Kingma & Welling 2014, eq. 3.
    """

    terms: Mapping[str, Term]
    weights: Mapping[str, float]
    """Weight of each term, by the same names."""
    input_noise: float = 0.0
    """Standard deviation of Gaussian noise on the encoder's input; the target stays clean. Not clamped to
    [0, 1]: clamping would turn it into a brightness shift where frames are black or white."""

    def losses(
        self, target: Tensor, posterior: Posterior, decode: Decode, generator: torch.Generator | None
    ) -> Losses:
        """The terms for each image of a batch, whose codes are drawn and decoded towards the target."""
        codes = posterior.rsample(generator)
        view = View(target, posterior, codes, decode(codes))
        return Losses({name: term(view) for name, term in self.terms.items()}, self.weights)


class Autoencoder(Representation):
    """Frames to codes to frames.

    `objective` is None when only encoding and decoding are wanted; such an autoencoder has no players.
    """

    def __init__(self, encoder: nn.Module, head: Head, decoder: Decoder, objective: Objective | None) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self._head = head
        self._objective = objective
        self.code_size = decoder.code_size
        self.frame_shape = decoder.frame_shape

    def encode(self, frames: Shaped[Tensor, "batch *frame"]) -> Posterior:
        """The belief about the code of each frame.

        Raises ValueError for frames of another shape than the decoder's, or for bytes.
        """
        check_frames(frames, self.frame_shape)
        # Back to the precision of the frames, which a lower one inside must not leave.
        return self._head(self.encoder(frames).to(frames.dtype))

    def decode(self, codes: Float[Tensor, "batch *code"]) -> Float[Tensor, "batch *frame"]:
        """The frame that each code stands for."""
        return self.decoder(codes).to(codes.dtype)

    def loss(self, frames: Float[Tensor, "batch *frame"], generator: torch.Generator | None) -> Losses:
        """The terms of the objective for each image of a batch."""
        assert self._objective is not None, "built without a reconstruction term: it can encode, not learn"
        posterior = self.encode(_noisy(frames, self._objective.input_noise, generator))
        return self._objective.losses(frames, posterior, self.decode, generator)

    def players(self) -> Sequence[Player]:
        """One, who holds every parameter."""
        assert self._objective is not None, "built without a reconstruction term: it can encode, not learn"
        return [Player("autoencoder", self.parameters, self.loss)]


def check_frames(frames: Tensor, frame_shape: tuple[int, ...]) -> None:
    """Raise ValueError for frames of another shape, or for bytes."""
    if tuple(frames.shape[1:]) != frame_shape:
        raise ValueError(f"frames must have the shape {frame_shape}, got {tuple(frames.shape[1:])}")
    if not frames.is_floating_point():
        raise ValueError(f"frames must be float in [0, 1], got {frames.dtype}; divide bytes by 255 first")


def _noisy(
    frames: Float[Tensor, "batch *frame"], deviation: float, generator: torch.Generator | None
) -> Float[Tensor, "batch *frame"]:
    if deviation == 0.0:
        return frames
    return frames + deviation * torch.empty_like(frames).normal_(generator=generator)
