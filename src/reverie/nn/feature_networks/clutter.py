"""The small network of our own, and the finder of shapes that it is trained as."""

from collections import OrderedDict

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from reverie.core.representation import Losses, Player
from reverie.nn.feature_networks.network import Convention

CONVENTION = Convention(order="RGB", scale=1.0, mean=(0.5, 0.5, 0.5), deviation=(0.25, 0.25, 0.25))
"""How the network wants its input; about what uniform colours need to be centred."""

FILTERS = ((3, 24, 5, 2), (24, 48, 3, 2), (48, 64, 3, 1), (64, 96, 3, 2))
"""Inputs, filters, kernel and stride of each convolution."""


def layers() -> nn.Sequential:
    """Four convolutions with batch normalisation and ReLU: conv1, norm1, relu1, ... relu4."""
    found: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (inputs, filters, kernel, stride) in enumerate(FILTERS, start=1):
        found[f"conv{number}"] = nn.Conv2d(inputs, filters, kernel, stride, padding=kernel // 2, bias=False)
        found[f"norm{number}"] = nn.BatchNorm2d(filters)
        found[f"relu{number}"] = nn.ReLU()
    return nn.Sequential(found)


class ShapeFinder(nn.Module):
    """The layers, and a logit for every class at every place of the last one.

    Trained by one softmax over classes and places together: told only the class, a small network does not
    find small things in clutter within minutes.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = layers()
        self.classes = nn.Conv2d(FILTERS[-1][1], classes, 1)

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch class row column"]:
        """Logits of every class at every place; frames are in [0, 1]."""
        centred = (frames - CONVENTION.mean[0]) / CONVENTION.deviation[0]
        return self.classes(self.layers(centred))

    def classify(self, frames: Float[Tensor, "batch 3 height width"]) -> Int64[Tensor, " batch"]:
        """The most probable class of each picture, wherever it is."""
        return self(frames).flatten(2).logsumexp(2).argmax(1)

    def loss(self, batch: tuple[Tensor, Tensor, Tensor], generator: torch.Generator | None) -> Losses:
        """Cross entropy of class and place of each picture, in nats."""
        frames, labels, centres = batch
        logits = self(frames)
        rows, columns = logits.shape[2:]
        cells = (centres * torch.tensor([rows, columns])).long()
        wanted = (labels * rows + cells[:, 0]) * columns + cells[:, 1]
        entropy = nn.functional.cross_entropy(logits.flatten(1), wanted, reduction="none")
        return Losses({"cross_entropy": entropy}, {"cross_entropy": 1.0})

    def players(self) -> list[Player]:
        """One, who holds every parameter."""
        return [Player("finder", self.parameters, self.loss)]
