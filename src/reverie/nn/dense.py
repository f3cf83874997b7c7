"""Dense encoder and decoder for frames of any shape."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import nn

from reverie.nn.decoder import Decoder

Activation = Literal["relu", "tanh", "linear"]
Output = Literal["sigmoid", "linear"]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "linear": nn.Identity,
    "sigmoid": nn.Sigmoid,
}


def encoder(frame_shape: tuple[int, ...], sizes: Sequence[int], activation: Activation) -> nn.Sequential:
    """Dense layers of these sizes from a flattened frame, each but the last followed by the activation."""
    return nn.Sequential(nn.Flatten(), *_layers([math.prod(frame_shape), *sizes], activation))


def decoder(
    frame_shape: tuple[int, ...], sizes: Sequence[int], activation: Activation, output: Output
) -> Decoder:
    """Dense layers from codes of size `sizes[0]` over the other sizes to a frame.

    The activation stands between the layers, the output function after the last.
    """
    layers = _layers([*sizes, math.prod(frame_shape)], activation)
    return Decoder(sizes[0], frame_shape, *layers, ACTIVATIONS[output](), nn.Unflatten(1, frame_shape))


def _layers(sizes: Sequence[int], activation: Activation) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
    return layers[:-1]
