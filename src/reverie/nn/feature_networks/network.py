"""Feature network: frozen layers with names, and the convention in which they want their input."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.core.errors import WrongInput, unknown
from reverie.ops.likelihoods import check_unit_range


@dataclass(frozen=True)
class Convention:
    """How a network wants its input: (scale * frames - mean) / deviation, channels in this order."""

    order: Literal["RGB", "BGR"]
    scale: float
    """Largest value of a pixel before centring: 1 or 255."""
    mean: tuple[float, float, float]
    """Mean of each channel, in the network's own order."""
    deviation: tuple[float, float, float]
    """Deviation of each channel, in the network's own order."""


class FeatureNetwork(nn.Module):
    """Frozen layers with names; takes frames as all of Reverie has them: float in [0, 1], RGB or grey.

    The conversion to the network's own convention happens inside, so that no caller can get it wrong.
    It has no parameters, only buffers: nothing learns, but what is made of it can be saved with all it needs.
    """

    order: Tensor
    scale: Tensor
    offset: Tensor

    def __init__(self, layers: nn.Sequential, convention: Convention, origin: dict[str, Any]) -> None:
        """`layers` carry names; `origin` says where the weights come from."""
        super().__init__()
        self.layers = _frozen(layers)
        self.layer_names = tuple(name for name, _ in layers.named_children())
        self.register_buffer("order", torch.tensor(["RGB".index(channel) for channel in convention.order]))
        deviation = torch.tensor(convention.deviation)
        self.register_buffer("scale", (convention.scale / deviation)[:, None, None])
        self.register_buffer("offset", (torch.tensor(convention.mean) / deviation)[:, None, None])
        self.description = {**origin, "convention": asdict(convention), "layers": list(self.layer_names)}
        """What every output says of this network: name, weights' checksum, convention, layers."""
        self.eval()

    def train(self, mode: bool = True) -> "FeatureNetwork":
        """Stays as it is: frozen statistics too, whatever the module around it does."""
        return super().train(False)

    def features(
        self, frames: Float[Tensor, "batch channel height width"], layer: str
    ) -> Float[Tensor, "batch feature row column"]:
        """What `layer` makes of the frames; differentiable in the frames. WrongInput for an unknown layer."""
        self.check_layer(layer)
        values = self.converted(frames)
        for name, module in self.layers.named_children():
            values = module(values)
            if name == layer:
                break
        return values.to(frames.dtype)

    @torch.no_grad()
    def targets(
        self, frames: Float[Tensor, "batch channel height width"], layer: str
    ) -> Float[Tensor, "batch feature row column"]:
        """What `layer` makes of true frames; ValueError when they lie outside [0, 1]."""
        check_unit_range(frames)
        return self.features(frames, layer)

    def converted(
        self, frames: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch 3 height width"]:
        """Frames in the network's own convention; grey frames are repeated to three channels."""
        if frames.shape[1] not in (1, 3):
            raise WrongInput(f"a feature network sees grey or RGB frames, got {frames.shape[1]} channels")
        return frames.expand(-1, 3, -1, -1)[:, self.order] * self.scale - self.offset

    def check_layer(self, layer: str) -> None:
        """Raise WrongInput unless there is a layer of this name."""
        if layer not in self.layer_names:
            raise unknown(f"layer of {self.description['name']}", layer, self.layer_names)


def _frozen(layers: nn.Sequential) -> nn.Sequential:
    """The same layers with their weights as buffers, in evaluation mode."""
    for module in layers.modules():
        for name, weights in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, weights.detach())
    return layers.eval()


def checksum(layers: nn.Module) -> str:
    """SHA-256 over all weights by name, for networks that were not read from a published file."""
    digest = hashlib.sha256()
    for name, weights in layers.state_dict().items():
        digest.update(name.encode())
        digest.update(weights.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
