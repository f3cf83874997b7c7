"""Convolutional encoder and decoder for frames of 64 x 64.

Source: Ha & Schmidhuber 2018, World Models, appendix A.1. Batch normalisation after every inner layer, as an
option: Pihlgren, Sandin & Liwicki 2020.
"""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from reverie.core.errors import WrongInput
from reverie.nn.decoder import Decoder

SIZE = 64
"""Height and width of the frames that four convolutions of kernel 4 and stride 2 bring to 2 x 2."""

FEATURES = 1024
"""Numbers that the last convolution makes of a frame: 256 filters at 2 x 2 places."""

LOCAL_FEATURES = 128
"""Filters of the third convolution, at 6 x 6 places."""


def encoder(frame_shape: tuple[int, ...], outputs: int, batch_norm: bool) -> nn.Sequential:
    """Four convolutions (32, 64, 128, 256 filters, kernel 4, stride 2, ReLU), then a linear layer.

    Raises WrongInput for frames that are not 64 x 64.
    """
    filters = [check_shape(frame_shape), 32, 64, 128, 256]
    layers: list[nn.Module] = []
    for before, after in pairwise(filters):
        # A bias before batch normalisation would be subtracted again.
        layers.append(nn.Conv2d(before, after, kernel_size=4, stride=2, bias=not batch_norm))
        layers += [nn.BatchNorm2d(after)] if batch_norm else []
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(FEATURES, outputs))


def halves(encoder: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """The layers of an encoder up to its third ReLU, whose output has 6 x 6 places, and the rest."""
    ends = [place for place, layer in enumerate(encoder, start=1) if isinstance(layer, nn.ReLU)]
    layers = list(encoder)
    return nn.Sequential(*layers[: ends[2]]), nn.Sequential(*layers[ends[2] :])


def decoder(code_size: int, frame_shape: tuple[int, ...], batch_norm: bool) -> Decoder:
    """A linear layer to 1024 numbers, then four transposed convolutions (128, 64, 32, channels; kernels
    5, 5, 6, 6; stride 2; ReLU, at last a sigmoid).

    Raises WrongInput for frames that are not 64 x 64.
    """
    filters = [FEATURES, 128, 64, 32]
    layers: list[nn.Module] = [nn.Linear(code_size, FEATURES), nn.Unflatten(1, (FEATURES, 1, 1))]
    for before, after, kernel in zip(filters[:-1], filters[1:], [5, 5, 6], strict=True):
        layer = nn.ConvTranspose2d(before, after, kernel, stride=2, bias=not batch_norm)
        layers.append(Opening(layer) if before == FEATURES else layer)
        layers += [nn.BatchNorm2d(after)] if batch_norm else []
        layers.append(nn.ReLU())
    layers += [nn.ConvTranspose2d(filters[-1], check_shape(frame_shape), 6, stride=2), nn.Sigmoid()]
    return Decoder(code_size, frame_shape, *layers)


class Opening(nn.Module):
    """Transposed convolution of a single place: one matrix product, several times faster on a CPU.

    Same parameters, initial values and results as the layer that it holds.
    """

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.layer = layer

    def forward(
        self, features: Float[Tensor, "batch feature 1 1"]
    ) -> Float[Tensor, "batch filter row column"]:
        """The kernels, weighted by the features and summed."""
        weight = self.layer.weight
        found = (features.flatten(1) @ weight.flatten(1)).unflatten(1, weight.shape[1:])
        return found if self.layer.bias is None else found + self.layer.bias[:, None, None]


def check_shape(frame_shape: tuple[int, ...]) -> int:
    """The number of channels of frames that are (channel, 64, 64); WrongInput for all others."""
    if len(frame_shape) != 3 or frame_shape[1:] != (SIZE, SIZE):
        found = " x ".join(map(str, frame_shape[1:]))
        raise WrongInput(f"this method needs frames of 64 x 64, got {found}; capture with --size 64")
    return frame_shape[0]
