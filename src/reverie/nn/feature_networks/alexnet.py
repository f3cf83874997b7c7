"""The first two convolutions of AlexNet, with torchvision's weights where the user has them.

Source: Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks (the widths); cut
after the second ReLU, as in Pihlgren, Sandin & Liwicki 2020.
"""

from collections import OrderedDict
from collections.abc import Mapping

from torch import Tensor, nn

from reverie.nn.feature_networks.network import Convention

CONVENTION = Convention(order="RGB", scale=1.0, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))
"""How Pihlgren et al. feed it: frames in [0, 1], without the centring that torchvision trained it with."""


def layers() -> nn.Sequential:
    """The layers by name: conv1, relu1, pool1, conv2, relu2; weights not yet meaningful."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(kernel_size=3, stride=2),
            conv2=nn.Conv2d(64, 192, kernel_size=5, padding=2),
            relu2=nn.ReLU(),
        )
    )


def from_torchvision(weights: Mapping[str, Tensor]) -> nn.Sequential:
    """The layers with torchvision's weights (`features.0.weight`); all further layers are left out.

    KeyError or RuntimeError when they do not fit.
    """
    network = layers()
    numbers = {"conv1": 0, "conv2": 3}
    network.load_state_dict(
        {name: weights[f"features.{numbers[name[:5]]}.{name[6:]}"] for name in network.state_dict()}
    )
    return network
