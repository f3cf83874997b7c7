"""SqueezeNet 1.1 without its classifier.

Source: Iandola et al. 2016, SqueezeNet, with the changes of version 1.1 (first kernel 3 instead of 7, pools
earlier). No padding in the first layer, pools rounded up: as in Caffe, and as torchvision numbers the layers.
"""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.nn.feature_networks.network import Convention

CAFFE = Convention(order="BGR", scale=255.0, mean=(103.94, 116.78, 123.68), deviation=(1.0, 1.0, 1.0))
"""How the Caffe weights want their input."""

TORCHVISION = Convention(order="RGB", scale=1.0, mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))
"""How torchvision's weights want their input."""

FIRE = {
    "fire2": (3, 64, 16, 64),
    "fire3": (4, 128, 16, 64),
    "fire4": (6, 128, 32, 128),
    "fire5": (7, 256, 32, 128),
    "fire6": (9, 256, 48, 192),
    "fire7": (10, 384, 48, 192),
    "fire8": (11, 384, 64, 256),
    "fire9": (12, 512, 64, 256),
}
"""Index in torchvision's numbering, inputs, squeezed filters, and filters of each expansion."""

POOL_BEFORE = {"fire2": "pool1", "fire4": "pool3", "fire6": "pool5"}


class Fire(nn.Module):
    """Squeeze to few filters, then expand by kernels of 1 and of 3 side by side; ReLU after each."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(
        self, values: Float[Tensor, "batch inputs row column"]
    ) -> Float[Tensor, "batch outputs row column"]:
        """Both expansions, one after the other along the channels."""
        squeezed = self.squeeze(values).relu()
        return torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1).relu()


def layers() -> nn.Sequential:
    """The layers by name: conv1, relu1, pool1, fire2, fire3, pool3, ... fire9; weights not yet meaningful."""
    found: OrderedDict[str, nn.Module] = OrderedDict()
    found["conv1"] = nn.Conv2d(3, 64, kernel_size=3, stride=2)
    found["relu1"] = nn.ReLU()
    for name, (_, inputs, squeezed, expanded) in FIRE.items():
        if name in POOL_BEFORE:
            found[POOL_BEFORE[name]] = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        found[name] = Fire(inputs, squeezed, expanded)
    return nn.Sequential(found)


def from_torchvision(weights: Mapping[str, Tensor]) -> nn.Sequential:
    """The layers with weights named as torchvision names them (`features.3.squeeze.weight`).

    The classifier's weights are left out. Raises ValueError when other weights are missing or misshapen.
    """
    numbers = {"conv1": 0} | {name: row[0] for name, row in FIRE.items()}
    network = layers()
    renamed = {}
    for name in network.state_dict():
        layer, _, rest = name.partition(".")
        source = f"features.{numbers[layer]}.{rest}"
        if source not in weights:
            raise ValueError(f"weights of SqueezeNet 1.1 must have {source!r}, found {len(weights)} others")
        renamed[name] = weights[source]
    network.load_state_dict(renamed)
    return network


def random_layers(generator: torch.Generator) -> nn.Sequential:
    """The layers with weights drawn from `generator`: normal with variance 2 / inputs, biases zero.

    Source: He et al. 2015, eq. 10.
    """
    network = layers()
    for name, weights in network.named_parameters():
        with torch.no_grad():
            if name.endswith("bias"):
                weights.zero_()
            else:
                weights.normal_(0.0, (2.0 / weights[0].numel()) ** 0.5, generator=generator)
    return network
