"""Convolutional variational autoencoder of World-Models size.

4 348 547 parameters at 32 code units and three channels. The objective has the divergence, as in the code of
World Models and unlike its text ("exclusively with the reconstruction loss"); its tolerance of half a nat a
unit is `free_bits=16, free_bits_per=image` at 32 units. For the textbook's D.9, reconstruct with
`pixel:unsquared`, with its c as `beta` and its noise as `input_noise`.
Source: Ha & Schmidhuber 2018, World Models, appendix A.1; Kingma & Welling 2014, eqs. 3 and 10;
Higgins et al. 2017, eq. 4 (beta); Burgess et al. 2018, eq. 8 (capacity, with beta as its gamma);
Kochenderfer et al., Algorithms for Decision Making, eq. D.9.
"""

from dataclasses import dataclass
from typing import Literal

from reverie.core.errors import WrongInput
from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import AutoencoderConfig, Representation, Term
from reverie.nn import conv
from reverie.nn.autoencoder import Autoencoder, Objective
from reverie.terms.kl import KL, Capacity


@dataclass(frozen=True, kw_only=True)
class ConvVAEConfig(AutoencoderConfig):
    """Convolutional variational autoencoder of 64 x 64 frames."""

    code_size: int = 32
    """How many numbers a frame becomes."""
    beta: float = 1.0
    """Price of a nat of divergence from the prior (with a capacity: of a nat above or below it), in units of
    the reconstruction term."""
    free_bits: float = 0.0
    """Nats of divergence that cost nothing to use and nothing to save."""
    free_bits_per: Literal["unit", "image"] = "unit"
    """Whether every unit has its own free bits, or all units of an image share them."""
    capacity: float = 0.0
    """Nats of divergence that the objective asks for, rising from 0; 0 asks for as few as pay."""
    capacity_steps: int = 10_000
    """Steps over which the capacity rises."""
    input_noise: float = 0.0
    """Standard deviation of the noise that the encoder sees; 0 for none."""
    batch_norm: bool = False
    """Normalise every inner layer over the batch."""

    def __post_init__(self) -> None:
        self.check_positive("code_size", "capacity_steps")
        self.check_not_negative("beta", "free_bits", "capacity", "input_noise")
        if self.capacity and self.free_bits:
            raise WrongInput("conv-vae takes a capacity or free bits, not both; leave out one of them")

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Representation:
        """The autoencoder; WrongInput when the frames are not 64 x 64."""
        kl = self._kl()
        found = Autoencoder(
            conv.encoder(frame_shape, 2 * self.code_size, self.batch_norm),
            DiagonalGaussian.from_features,
            conv.decoder(self.code_size, frame_shape, self.batch_norm),
            self._objective(reconstruction, kl) if reconstruction else None,
        )
        if isinstance(kl, Capacity):
            found.add_module("capacity", kl)  # so that its steps are saved and resumed
        return found

    def _kl(self) -> KL | Capacity:
        if self.capacity:
            return Capacity(self.capacity, self.capacity_steps)
        return KL(self.free_bits, self.free_bits_per)

    def _objective(self, reconstruction: Term, kl: Term) -> Objective:
        weights = {"reconstruction": 1.0, "kl": self.beta}
        return Objective({"reconstruction": reconstruction, "kl": kl}, weights, self.input_noise)
