"""Find a feature network by its name: read its weights, draw them, or fit it on the spot."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file

from reverie.core import assets
from reverie.core.assets import Asset
from reverie.core.config import Config, to_json
from reverie.core.console import Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.files import sha256
from reverie.core.run import Run
from reverie.core.seeds import torch_generator
from reverie.data.clutter import SHAPES, ClutterBatches
from reverie.engine import fit as engine
from reverie.engine.checkpoint import read_tensors
from reverie.engine.plan import Plan
from reverie.nn.feature_networks import LAYERS, alexnet, clutter, squeezenet, vgg19
from reverie.nn.feature_networks.network import FeatureNetwork, checksum

NAMES = tuple(LAYERS)

CAFFE = Asset(
    "perceptual/squeezenet1_1_caffe.safetensors",
    "1d2330362e1260e8c419be3440fef6cb75fae70391a0355608f96d35051b4790",
)
TORCHVISION = Asset(
    "perceptual/squeezenet1_1-b8a52dc0.pth",
    "b8a52dc0",
    "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
)
VGG19 = Asset(
    "perceptual/vgg19_normalised_conv3_1.safetensors",
    "c525206718a7ff43344b5eeb9cf99a631d630913729ebdbf9e5588d5089ca865",
)
ALEXNET = Asset(
    "perceptual/alexnet-owt-7be5be79.pth",
    "7be5be79",
    "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
)

ENOUGH = 0.9
"""Accuracy on held-out clutter below which the clutter network is not what it says."""


@dataclass(frozen=True, kw_only=True)
class ClutterJob(Config):
    """How the clutter network is fitted; another job is another network, stored beside the first."""

    drawing: int = 2
    """Raised whenever the pictures or the layers change."""
    seed: int = 0
    """Seed of weights and pictures."""
    steps: int = 300
    """Steps in an epoch; every epoch has new pictures."""
    held_out: int = 2000
    """Pictures, never trained on, that the accuracy is measured with."""
    plan: Plan = field(
        default_factory=lambda: Plan(epochs=4, batch_size=32, learning_rate=3e-3, schedule="linear")
    )
    """How the fit proceeds."""


def feature_network(name: str, console: Console, download: bool = False) -> FeatureNetwork:
    """The feature network of this name.

    "squeezenet" is SqueezeNet 1.1, trained on ImageNet; "random-squeezenet" has its shape and random weights
    ("random-squeezenet=3" draws others); "vgg19" and "alexnet" are the first layers of these, trained on
    ImageNet; "clutter" is a small network of our own, fitted to find shapes in clutter: about a minute, once,
    then read from the user's cache folder.
    With `download`, missing weights are downloaded. Raises WrongInput for an unknown name or missing weights.
    """
    word, equals, seed = name.partition("=")
    if word not in NAMES:
        raise unknown("feature network", word, NAMES)
    if equals and (word != "random-squeezenet" or not seed.isdecimal()):
        raise WrongInput(f"unknown feature network {name!r}; only random-squeezenet takes a seed, as in =3")
    if word == "random-squeezenet":
        return _random_squeezenet(name, int(seed or 0))
    if word == "clutter":
        return clutter_network(ClutterJob(), console)
    return {"alexnet": _alexnet, "squeezenet": _squeezenet, "vgg19": _vgg19}[word](download)


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


def _vgg19(download: bool) -> FeatureNetwork:
    path = assets.find(VGG19)
    if path is None:
        raise WrongInput(
            f"the weights of vgg19 are not on this machine; put {VGG19.name} into {assets.data_folder()}"
        )
    origin = {"name": "vgg19", "weights": sha256(path), "file": path.name}
    return FeatureNetwork(vgg19.from_file(load_file(path)), vgg19.CONVENTION, origin)


def _alexnet(download: bool) -> FeatureNetwork:
    path = assets.find(ALEXNET) or (assets.download(ALEXNET) if download else None)
    if path is None:
        raise WrongInput(
            f"the weights of alexnet are not on this machine; add --download, or put torchvision's"
            f" {ALEXNET.name} into {assets.data_folder()}"
        )
    try:
        layers = alexnet.from_torchvision(torch.load(path, map_location="cpu", weights_only=True))
    except Exception:  # what torch's safe reader refuses has no exception of its own
        raise WrongInput(
            f"{path} does not hold the weights of alexnet; put torchvision's file there"
        ) from None
    origin = {"name": "alexnet", "weights": sha256(path), "file": path.name}
    return FeatureNetwork(layers, alexnet.CONVENTION, origin)


def _read(path: Path, convention: squeezenet.Convention, weights: dict[str, torch.Tensor]) -> FeatureNetwork:
    origin = {"name": "squeezenet", "weights": sha256(path), "file": path.name}
    return FeatureNetwork(squeezenet.from_torchvision(weights), convention, origin)


def _random_squeezenet(name: str, seed: int) -> FeatureNetwork:
    # layers() draws torch's own initial weights first; they must not touch the caller's random state.
    with torch.random.fork_rng(devices=[]):
        layers = squeezenet.random_layers(torch_generator(seed, "random-squeezenet"))
    return FeatureNetwork(layers, squeezenet.CAFFE, {"name": name, "weights": checksum(layers), "seed": seed})


def clutter_network(job: ClutterJob, console: Console) -> FeatureNetwork:
    """The clutter network of this job: from its run in the cache folder, or fitted into one now."""
    digest = hashlib.sha256(json.dumps(to_json(job)).encode()).hexdigest()
    folder = assets.cache_folder() / "feature-networks" / f"clutter-{digest[:12]}"
    if not (folder / "result.json").is_file():
        _fit_clutter(job, folder, console)
    finder = clutter.ShapeFinder(len(SHAPES))
    result = Run.open(folder).result()
    finder.load_state_dict(read_tensors(folder / "weights.safetensors", result["sha256"]))
    origin = {"name": "clutter", "weights": checksum(finder.layers), "accuracy": result["accuracy"]}
    return FeatureNetwork(finder.layers, clutter.CONVENTION, origin)


def _fit_clutter(job: ClutterJob, folder: Path, console: Console) -> None:
    console.say("fitting the feature network 'clutter': about a minute, only this once")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Two runs may want the network at once: each fits its own, and the first one done is kept.
    place = Path(tempfile.mkdtemp(prefix="clutter-", dir=folder.parent))
    try:
        with _one_thread():
            accuracy = _fit_into(Run.create(place, "feature-network", job), job, console)
        if accuracy < ENOUGH:
            console.warn(f"the feature network 'clutter' finds only {accuracy:.0%} of held-out shapes")
        if not folder.exists():
            place.rename(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _fit_into(run: Run, job: ClutterJob, console: Console) -> float:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(job.seed)
        finder = clutter.ShapeFinder(len(SHAPES))
    training = ClutterBatches(job.plan.batch_size, job.steps, job.seed)
    setup = engine.Setup(finder, finder.players(), training, None, job.seed)
    clock = engine.fit(setup, job.plan, run, console).clock
    result = {
        "accuracy": _accuracy(finder, job),
        "pictures": job.held_out,
        "sha256": sha256(run.folder / "weights.safetensors"),
        "seconds": round(clock.seconds, 1),
    }
    return run.finish(result)["accuracy"]


@torch.no_grad()
def _accuracy(finder: clutter.ShapeFinder, job: ClutterJob) -> float:
    right = [
        finder.classify(frames) == labels
        for frames, labels, _ in ClutterBatches(100, job.held_out // 100, job.seed + 1).epoch(0)
    ]
    return round(torch.cat(right).double().mean().item(), 4)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One torch thread, so that the same job gives the same weights on every machine of a kind."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
