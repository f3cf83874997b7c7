"""Features: what one layer of a frozen network makes of frames, scaled."""

from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.nn.feature_networks.network import FeatureNetwork
from reverie.ops.likelihoods import check_unit_range


class Features(nn.Module):
    """Frames to the features of a layer, divided by the deviation of each channel, then through a sigmoid.

    Without deviations or `squash` that step is left out. Nothing learns; the weights are part of the state.
    """

    deviations: Tensor | None

    def __init__(
        self,
        network: FeatureNetwork,
        layer: str,
        deviations: Float[Tensor, " channel"] | None = None,
        squash: bool = True,
    ) -> None:
        """WrongInput for a layer that the network has not."""
        super().__init__()
        network.check_layer(layer)
        self.network, self.layer, self.squash = network, layer, squash
        # A tensor of its own: saved numbers cannot be copied into a view that repeats one.
        self.register_buffer("deviations", None if deviations is None else deviations.contiguous())

    def forward(
        self, frames: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch feature row column"]:
        """The scaled features; differentiable in the frames."""
        values = self.network.features(frames, self.layer)
        if self.deviations is not None:
            values = values / self.deviations[:, None, None]
        return torch.sigmoid(values) if self.squash else values

    @torch.no_grad()
    def targets(
        self, frames: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch feature row column"]:
        """The scaled features of true frames; ValueError when these lie outside [0, 1]."""
        check_unit_range(frames)
        return self(frames)

    def shape(self, frame_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Features, rows and columns that frames of a shape become; WrongInput for neither grey nor RGB."""
        return feature_shape(self.network, self.layer, frame_shape)


def feature_shape(network: FeatureNetwork, layer: str, frame_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Features, rows and columns that a layer makes of frames of a shape (channel, height, width)."""
    # Shapes alone: a size that an altered file declares must not cost what such frames would.
    outline = deepcopy(network).to("meta")
    return tuple(outline.features(torch.zeros(1, *frame_shape, device="meta"), layer).shape[1:])
