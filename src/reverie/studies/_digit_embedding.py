"""Digit embedding: the textbook's autoencoders of digits with codes of two numbers."""

from dataclasses import dataclass

from reverie.core.posterior import DiagonalGaussian, Point
from reverie.core.representation import AutoencoderConfig, Term
from reverie.nn import digit_cnn
from reverie.nn.autoencoder import Autoencoder, Objective
from reverie.terms.kl import KL

CODE_SIZE = 2


@dataclass(frozen=True, kw_only=True)
class DigitEmbeddingConfig(AutoencoderConfig):
    """The digit network to two numbers, or to two means and two log-variances, and back.

    Source: Kochenderfer et al., Algorithms for Decision Making, examples D.5 (plain) and D.6 (variational).
    """

    variational: bool = False
    """Whether codes are beliefs that pay for their divergence from N(0, I)."""

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Autoencoder:
        """The autoencoder; frames must be digits of 28 x 28."""
        assert frame_shape == digit_cnn.FRAME
        encoder = digit_cnn.encoder(2 * CODE_SIZE if self.variational else CODE_SIZE)
        head = DiagonalGaussian.from_features if self.variational else Point.from_features
        objective = self._objective(reconstruction) if reconstruction else None
        return Autoencoder(encoder, head, digit_cnn.decoder(CODE_SIZE), objective)

    def _objective(self, reconstruction: Term) -> Objective:
        terms, weights = {"reconstruction": reconstruction}, {"reconstruction": 1.0}
        if not self.variational:
            return Objective(terms, weights)
        return Objective(terms | {"kl": KL()}, weights | {"kl": 1.0})
