"""Digit CNN: five convolutions from 28 x 28 digits to 32 numbers, and the way back.

Source: Kochenderfer et al., Algorithms for Decision Making, example D.3 (19 722 parameters as a classifier of
ten digits); the way back is mirrored, as in its examples D.5 and D.6.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from reverie.core.representation import Losses, Player
from reverie.nn.decoder import Decoder

FRAME = (1, 28, 28)
FEATURES = 32
LAYERS = ((1, 8, 5, 2, 2), (8, 16, 3, 2, 1), (16, 32, 3, 2, 1), (32, 32, 3, 2, 1), (32, 32, 2, 1, 0))
"""Inputs, filters, kernel, stride and padding of each convolution: 14, 7, 4, 2 and 1 places a side."""
ADDED = (1, 1, 0, 1, 0)
"""Pixels that each layer's way back adds on one side, because a stride of two forgets whether there were."""


def encoder(outputs: int) -> nn.Sequential:
    """The convolutions with a ReLU after each, then a linear layer from 32 numbers."""
    layers: list[nn.Module] = []
    for inputs, filters, kernel, stride, padding in LAYERS:
        layers += [nn.Conv2d(inputs, filters, kernel, stride, padding), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(FEATURES, outputs))


def decoder(code_size: int) -> Decoder:
    """A linear layer to 32 numbers, then the convolutions transposed in reverse order; at last a sigmoid."""
    layers: list[nn.Module] = [nn.Linear(code_size, FEATURES), nn.ReLU(), nn.Unflatten(1, (FEATURES, 1, 1))]
    for (inputs, filters, kernel, stride, padding), added in zip(LAYERS[::-1], ADDED[::-1], strict=True):
        layers += [nn.ConvTranspose2d(filters, inputs, kernel, stride, padding, added), nn.ReLU()]
    return Decoder(code_size, FRAME, *layers[:-1], nn.Sigmoid())


class DigitClassifier(nn.Module):
    """Scores of the ten digits; their softmax is the probability of each."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = encoder(10)

    def forward(self, frames: Float[Tensor, "batch 1 28 28"]) -> Float[Tensor, "batch 10"]:
        """The scores; frames are in [0, 1]."""
        return self.layers(frames)

    def loss(
        self,
        batch: tuple[Float[Tensor, "batch 1 28 28"], Int64[Tensor, " batch"]],
        generator: torch.Generator | None,
    ) -> Losses:
        """Cross entropy of the true digit of each image, in nats."""
        frames, digits = batch
        return Losses({"digit": cross_entropy(self(frames), digits, reduction="none")}, {"digit": 1.0})

    def players(self) -> list[Player]:
        """One, who holds every parameter."""
        return [Player("classifier", self.parameters, self.loss)]
