"""VGG-19 up to its third block, with activations normalised and borders mirrored, as style transfer uses it.

Its first layer, a convolution of one place, turns RGB in [0, 1] into what the others learnt from: BGR in
bytes minus the mean.
Source: Simonyan & Zisserman 2015, table 1, column E; Gatys, Ecker & Bethge 2016, section 2 (normalised).
"""

from collections import OrderedDict
from collections.abc import Mapping

from torch import Tensor, nn

from reverie.nn.feature_networks.network import Convention

CONVENTION = Convention(order="RGB", scale=1.0, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))
"""How the weights want their input: frames as Reverie has them; their own first layer does the rest."""

CONVOLUTIONS = {
    "1_1": (2, 3, 64),
    "1_2": (5, 64, 64),
    "2_1": (9, 64, 128),
    "2_2": (12, 128, 128),
    "3_1": (16, 128, 256),
}
"""Index in the file, inputs and filters of each convolution of kernel 3."""

POOL_BEFORE = {"2_1": "pool1", "3_1": "pool2"}


def layers() -> nn.Sequential:
    """The layers by name: prepare, pad1_1, conv1_1, relu1_1, ... relu3_1; weights not yet meaningful."""
    found: OrderedDict[str, nn.Module] = OrderedDict(prepare=nn.Conv2d(3, 3, 1))
    for name, (_, inputs, filters) in CONVOLUTIONS.items():
        if name in POOL_BEFORE:
            found[POOL_BEFORE[name]] = nn.MaxPool2d(2, ceil_mode=True)
        found[f"pad{name}"] = nn.ReflectionPad2d(1)
        found[f"conv{name}"] = nn.Conv2d(inputs, filters, 3)
        found[f"relu{name}"] = nn.ReLU()
    return nn.Sequential(found)


def from_file(weights: Mapping[str, Tensor]) -> nn.Sequential:
    """The layers with the file's weights, named by index; KeyError or RuntimeError when they do not fit."""
    numbers = {"prepare": 0} | {f"conv{name}": row[0] for name, row in CONVOLUTIONS.items()}
    network = layers()
    network.load_state_dict(
        {
            f"{name}.{part}": weights[f"{number}.{part}"]
            for name, number in numbers.items()
            for part in ("weight", "bias")
        }
    )
    return network
