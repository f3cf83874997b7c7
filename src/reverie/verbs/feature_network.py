"""Find a feature network by its name: read its weights, draw them, or fit it on the spot."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file

from reverie.core import assets
from reverie.core.assets import Asset
from reverie.core.console import Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.files import sha256
from reverie.core.seeds import torch_generator
from reverie.nn.feature_networks import squeezenet
from reverie.nn.feature_networks.network import FeatureNetwork, checksum

NAMES = ("clutter", "random-squeezenet", "squeezenet")

CAFFE = Asset(
    "perceptual/squeezenet1_1_caffe.safetensors",
    "1d2330362e1260e8c419be3440fef6cb75fae70391a0355608f96d35051b4790",
)
TORCHVISION = Asset(
    "perceptual/squeezenet1_1-b8a52dc0.pth",
    "b8a52dc0",
    "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
)


def feature_network(name: str, console: Console, download: bool = False) -> FeatureNetwork:
    """The feature network of this name.

    "squeezenet" is SqueezeNet 1.1, trained on ImageNet; "random-squeezenet" has its shape and random weights
    ("random-squeezenet=3" draws others); "clutter" is a small network fitted here, once, on shapes in
    clutter.
    With `download`, missing weights are downloaded. Raises WrongInput for an unknown name or missing weights.
    """
    word, equals, seed = name.partition("=")
    if word not in NAMES:
        raise unknown("feature network", word, NAMES)
    if equals and (word != "random-squeezenet" or not seed.isdecimal()):
        raise WrongInput(f"unknown feature network {name!r}; only random-squeezenet takes a seed, as in =3")
    if word == "random-squeezenet":
        return _random_squeezenet(name, int(seed or 0))
    if word == "squeezenet":
        return _squeezenet(download)
    raise WrongInput("the network 'clutter' is not there yet")


def feature_networks(console: Console, download: bool = False) -> Callable[[str], FeatureNetwork]:
    """A function from names to feature networks, as terms want it."""
    return partial(feature_network, console=console, download=download)


def _squeezenet(download: bool) -> FeatureNetwork:
    path = assets.find(CAFFE)
    if path is not None:
        return _read(path, squeezenet.CAFFE, load_file(path))
    path = assets.find(TORCHVISION) or (assets.download(TORCHVISION) if download else None)
    if path is None:
        raise WrongInput(
            f"the weights of squeezenet are not on this machine; add --download, or put {CAFFE.name}"
            f" or {TORCHVISION.name} into {assets.data_folder()}"
        )
    return _read(path, squeezenet.TORCHVISION, torch.load(path, map_location="cpu", weights_only=True))


def _read(path: Path, convention: squeezenet.Convention, weights: dict[str, torch.Tensor]) -> FeatureNetwork:
    origin = {"name": "squeezenet", "weights": sha256(path), "file": path.name}
    return FeatureNetwork(squeezenet.from_torchvision(weights), convention, origin)


def _random_squeezenet(name: str, seed: int) -> FeatureNetwork:
    # layers() draws torch's own initial weights first; they must not touch the caller's random state.
    with torch.random.fork_rng(devices=[]):
        layers = squeezenet.random_layers(torch_generator(seed, "random-squeezenet"))
    return FeatureNetwork(layers, squeezenet.CAFFE, {"name": name, "weights": checksum(layers), "seed": seed})
