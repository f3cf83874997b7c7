"""Autoencoder that reads or predicts a frozen network's features, in the wirings of a paper.

A wiring says what the encoder sees and what the decoder makes, the image (I) or the features of a frozen
network (F), and what the loss compares: pixels (PW, pixel-wise), the network's features of both images
(PS, perceptual similarity), or its features of the image with those that the decoder made (FP, feature
prediction). The paper's other two, I-I-PW and I-I-PS, are `conv-ae` with `pixel` and with `perceptual:...`.

* I-F-FP: convolutional encoder, dense decoder of features; the network is needed for learning alone.
* F-F-FP: dense encoder and decoder of features.
* F-I-PS, F-I-PW: dense encoder of features, convolutional decoder of frames.

The convolutional halves are those of `conv-ae`. A dense half has one layer of ReLU between features and code,
as in the paper's code: half as many units as features, at most 2 048. At 7 x 7 places of 128 features and 32
code units the wirings have 13 641 856 (I-F-FP), 25 831 584 (F-F-FP) and 16 505 475 (F-I) parameters that
learn, for RGB. The network never learns; where the encoder looks through it, it is saved with the run, which
then needs no other file. Features are scaled as the perceptual term scales them, both as input and as target.
Source: Pihlgren, Sandin & Liwicki 2020, Pretraining Image Encoders without Reconstruction via Feature
Prediction Loss, with the layers of its published code.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

from torch import nn

from reverie.core.errors import WrongInput
from reverie.core.posterior import DiagonalGaussian, Point
from reverie.core.representation import Representation, RepresentationConfig, Term
from reverie.nn import conv, dense
from reverie.nn.autoencoder import Autoencoder, Objective
from reverie.nn.decoder import Decoder
from reverie.nn.feature_predictor import FeaturePredictor
from reverie.terms.kl import KL
from reverie.terms.perceptual import Perceptual, PerceptualConfig
from reverie.terms.pixel import squared


@dataclass(frozen=True, kw_only=True)
class FeatureAEConfig(RepresentationConfig):
    """Autoencoder with a frozen network's features at its input, its output, or both."""

    wiring: Literal["i-f-fp", "f-f-fp", "f-i-ps", "f-i-pw"] = "i-f-fp"
    """What the encoder sees (image or features), what the decoder makes, and the loss: feature prediction,
    perceptual similarity, or pixel-wise."""
    features: str = "squeezenet@pool3:soft"
    """Network, layer and scaling of the features, as in a perceptual term: NETWORK@LAYER:SCALING."""
    code_size: int = 32
    """How many numbers a frame becomes."""
    hidden_size: int = 2048
    """Units between features and code; never more than half of the features."""
    beta: float = 0.0
    """Price of a nat of divergence from the prior; 0 makes the code a point, without chance."""
    batch_norm: bool = False
    """Normalise every inner layer of the convolutional half over the batch."""

    def __post_init__(self) -> None:
        self.check_positive("code_size", "hidden_size")
        self.check_not_negative("beta")
        self._perceptual()
        if self.batch_norm and self.wiring == "f-f-fp":
            raise WrongInput("feature-ae has no convolutions to normalise in f-f-fp; leave out batch_norm")

    @property
    def term(self) -> str:
        """The perceptual term on these features, whichever loss is made of them."""
        return f"perceptual:{self.features}"

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Representation:
        """The autoencoder; with the term it can learn.

        Raises WrongInput for an unknown network or layer, frames that are neither grey nor RGB, and frames
        that are not 64 x 64 where a half is convolutional.
        """
        assert reconstruction is None or isinstance(reconstruction, Perceptual)
        features = reconstruction.features if reconstruction else self._perceptual().unfilled(frame_shape)
        sees, makes, _ = self.wiring.split("-")
        outputs = self.code_size * (2 if self.beta else 1)
        encoder = (
            conv.encoder(frame_shape, outputs, self.batch_norm)
            if sees == "i"
            else nn.Sequential(features, *self._dense_encoder(features.shape(frame_shape), outputs))
        )
        head = DiagonalGaussian.from_features if self.beta else Point.from_features
        objective = self._objective(reconstruction)
        if makes == "i":
            decoder = conv.decoder(self.code_size, frame_shape, self.batch_norm)
            return Autoencoder(encoder, head, decoder, objective)
        return FeaturePredictor(
            encoder,
            head,
            self._dense_decoder(features.shape(frame_shape)),
            frame_shape=frame_shape,
            lesson=(features.targets, objective) if objective else None,
        )

    def _perceptual(self) -> PerceptualConfig:
        return PerceptualConfig.parse(self.features)

    def _hidden(self, shape: tuple[int, ...]) -> int:
        return max(1, min(self.hidden_size, prod(shape) // 2))

    def _dense_encoder(self, shape: tuple[int, ...], outputs: int) -> nn.Sequential:
        return dense.encoder(shape, [self._hidden(shape), outputs], "relu")

    def _dense_decoder(self, shape: tuple[int, ...]) -> Decoder:
        return dense.decoder(shape, [self.code_size, self._hidden(shape)], "relu", "linear")

    def _objective(self, perceptual: Perceptual | None) -> Objective | None:
        """What is paid for, by wiring; feature prediction is the squared error against features."""
        if perceptual is None:
            return None
        terms: dict[str, Term] = {"reconstruction": perceptual if self.wiring == "f-i-ps" else squared}
        weights = {"reconstruction": 1.0}
        if self.beta:
            terms["kl"], weights["kl"] = KL(), self.beta
        return Objective(terms, weights)
