"""Convolutional autoencoder of World-Models size.

Source: Ha & Schmidhuber 2018, World Models, appendix A.1, without the divergence; trained for its codes as in
Pihlgren, Sandin & Liwicki 2020.
"""

from dataclasses import dataclass

from reverie.core.posterior import Point
from reverie.core.representation import AutoencoderConfig, Representation, Term
from reverie.nn import conv
from reverie.nn.autoencoder import Autoencoder, Objective


@dataclass(frozen=True, kw_only=True)
class ConvAEConfig(AutoencoderConfig):
    """Convolutional autoencoder of 64 x 64 frames."""

    code_size: int = 32
    """How many numbers a frame becomes."""
    input_noise: float = 0.0
    """Standard deviation of the noise that the encoder sees (a denoising autoencoder); 0 for none."""
    batch_norm: bool = False
    """Normalise every inner layer over the batch."""

    def __post_init__(self) -> None:
        self.check_positive("code_size")
        self.check_not_negative("input_noise")

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Representation:
        """The autoencoder; WrongInput when the frames are not 64 x 64."""
        return Autoencoder(
            conv.encoder(frame_shape, self.code_size, self.batch_norm),
            Point.from_features,
            conv.decoder(self.code_size, frame_shape, self.batch_norm),
            self._objective(reconstruction) if reconstruction else None,
        )

    def _objective(self, reconstruction: Term) -> Objective:
        return Objective({"reconstruction": reconstruction}, {"reconstruction": 1.0}, self.input_noise)
