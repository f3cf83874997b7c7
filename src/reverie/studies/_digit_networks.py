"""Digit networks: the convolutional autoencoders of 28 x 28 digits that are compared."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from reverie.core.posterior import Point
from reverie.core.representation import AutoencoderConfig, Term
from reverie.nn.autoencoder import Autoencoder, Objective
from reverie.nn.decoder import Decoder

FRAME = (1, 28, 28)


@dataclass(frozen=True, kw_only=True)
class DigitConvConfig(AutoencoderConfig):
    """A fully-convolutional autoencoder of digits; with a code of 196 that of the thesis, 2 949 parameters.

    Kernels are 3 x 3; the thesis does not tell their size. A code of 32, as large as that of its dense
    autoencoder, takes one layer more on both sides. Source: Sherburn 2017, table 3.2.
    """

    code_size: Literal[196, 32] = 196
    """4 filters at 7 x 7 places, or 2 filters at 4 x 4 places."""

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Autoencoder:
        """The autoencoder; frames must be digits of 28 x 28."""
        assert frame_shape == FRAME
        if self.code_size == 196:
            decoder = Decoder(196, FRAME, nn.Unflatten(1, (4, 7, 7)), *_up())
            return _autoencoder(_down(), decoder, reconstruction)
        narrow = [*_down(), nn.Conv2d(4, 2, 3, stride=2, padding=1), nn.ReLU()]
        widen = [nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1), nn.ReLU()]
        decoder = Decoder(32, FRAME, nn.Unflatten(1, (2, 4, 4)), *widen, *_up())
        return _autoencoder(narrow, decoder, reconstruction)


def _autoencoder(down: list[nn.Module], decoder: Decoder, term: Term | None) -> Autoencoder:
    encoder = nn.Sequential(*down, nn.Flatten())
    objective = Objective({"reconstruction": term}, {"reconstruction": 1.0}) if term else None
    return Autoencoder(encoder, Point.from_features, decoder, objective)


def _down() -> list[nn.Module]:
    """1 x 28 x 28 to 4 x 7 x 7."""
    return [
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    ]  # fmt: skip


def _up() -> list[nn.Module]:
    """4 x 7 x 7 to 1 x 28 x 28."""
    return [
        nn.Upsample(scale_factor=2), nn.ConvTranspose2d(4, 32, 3, padding=1), nn.ReLU(),
        nn.Upsample(scale_factor=2), nn.ConvTranspose2d(32, 1, 3, padding=1), nn.Sigmoid(),
    ]  # fmt: skip
