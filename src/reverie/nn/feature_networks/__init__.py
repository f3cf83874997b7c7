"""Frozen networks whose features judge reconstructions."""

from collections.abc import Callable

from torch import nn

from reverie.nn.feature_networks import alexnet, clutter, squeezenet, vgg19
from reverie.nn.feature_networks.network import Convention, FeatureNetwork

__all__ = ["LAYERS", "Convention", "FeatureNetwork"]

LAYERS: dict[str, Callable[[], nn.Sequential]] = {
    "alexnet": alexnet.layers,
    "clutter": clutter.layers,
    "random-squeezenet": squeezenet.layers,
    "squeezenet": squeezenet.layers,
    "vgg19": vgg19.layers,
}
"""The layers of every feature network by its name, weights not yet meaningful."""
