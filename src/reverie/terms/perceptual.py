"""Reconstruction judged by what a frozen feature network sees: NET@LAYER, then sigmoid or channel."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.core.errors import WrongInput, unknown
from reverie.core.representation import Term, View
from reverie.core.term import Materials, TermConfig
from reverie.nn.feature_networks import LAYERS, Convention, FeatureNetwork
from reverie.nn.features import Features, feature_shape

Scaling = Literal["sigmoid", "soft", "channel"]

CHANNEL_FRAMES = 512
"""Training frames that the deviation of a channel is taken from."""

CHANNEL_FLOOR = 0.1
"""Smallest deviation of a channel, in units of the median channel's.

A channel that is nearly dead on the training frames would otherwise turn the rare pattern that wakes it into
almost the whole loss; with this floor no channel weighs more than a hundred times the median one. On 362
frames of LunarLander it holds 1 of the 128 channels of fire3 with trained weights, and 18 with random ones.
"""

UNFILLED = Convention(order="RGB", scale=1.0, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))
"""Stands where a network's own convention will be loaded."""


@dataclass(frozen=True, kw_only=True)
class PerceptualConfig(TermConfig):
    """Squared error between the features of a frame and of its reconstruction, summed over all features."""

    feature_network: str
    """Name of the feature network: squeezenet, random-squeezenet, clutter."""
    layer: str
    """Name of the layer whose output is compared."""
    scaling: Scaling = "sigmoid"
    """sigmoid squashes each feature (the paper's form); soft divides all features by one number first, their
    deviation, so that the sigmoid is not saturated; channel divides each by its channel's deviation."""

    @classmethod
    def parse(cls, rest: str) -> "PerceptualConfig":
        """Read "squeezenet@fire3", "squeezenet@fire3:soft" or "squeezenet@fire3:channel"."""
        place, colon, scaling = rest.partition(":")
        network, at, layer = place.partition("@")
        if not (network and at and layer):
            raise WrongInput(
                f"a perceptual term names a network and a layer, got {rest!r};"
                " for example perceptual:squeezenet@fire3"
            )
        if colon and scaling not in get_args(Scaling):
            raise unknown("scaling of a perceptual term", scaling, get_args(Scaling))
        return cls(feature_network=network, layer=layer, scaling=scaling or "sigmoid")  # pyright: ignore[reportArgumentType]

    def build(self, materials: Materials) -> Term:
        """The term; WrongInput for a network or a layer that is not known."""
        network = materials.feature_network(self.feature_network).to(materials.device)
        network.check_layer(self.layer)
        if self.scaling == "sigmoid":
            return Perceptual(Features(network, self.layer))
        deviations = channel_deviations(network, self.layer, materials.frames(CHANNEL_FRAMES))
        if self.scaling == "channel":
            return Perceptual(Features(network, self.layer, deviations, squash=False))
        overall = deviations.square().mean().sqrt().expand_as(deviations)
        return Perceptual(Features(network, self.layer, overall))

    def unfilled(self, frame_shape: tuple[int, ...]) -> Features:
        """The features that `build` would look at, with weights that are yet to be loaded from a run.

        WrongInput for a network or a layer that is not known.
        """
        word = self.feature_network.partition("=")[0]
        if word not in LAYERS:
            raise unknown("feature network", word, LAYERS)
        # Initial weights are drawn by torch; that must not touch the caller's random state.
        with torch.random.fork_rng(devices=[]):
            network = FeatureNetwork(LAYERS[word](), UNFILLED, {"name": word})
        network.check_layer(self.layer)
        channels = feature_shape(network, self.layer, frame_shape)[0]
        deviations = None if self.scaling == "sigmoid" else torch.ones(channels)
        return Features(network, self.layer, deviations, squash=self.scaling != "channel")


@dataclass(frozen=True)
class Perceptual:
    """Squared error of features, one number an image: the sum over channels and places.

    With a sigmoid the number lies between 0 and the count of features (28 800 for fire3 of 64 x 64).
    The sources average; sums keep the form of the other terms, and Adam does not see the difference.
    The paper's network saw frames in [0, 1] as they are, and its features are small; features of networks
    that want 0 to 255 are tens to hundreds, and a plain sigmoid makes them almost binary.
    Raises ValueError for frames outside [0, 1].
    Source: Pihlgren, Sandin & Liwicki 2020, section III (sigmoid); the channel form follows the unit
    normalisation of Zhang et al. 2018, eq. 1, with deviations measured once instead of norms per place.
    """

    features: Features

    def __call__(self, view: View) -> Float[Tensor, " batch"]:
        """The error of each image."""
        wanted = self.features.targets(view.frames)
        found = self.features(view.prediction)
        return (found - wanted).square().flatten(1).sum(1)


def channel_deviations(
    network: FeatureNetwork, layer: str, frames: Float[Tensor, "frame channel height width"]
) -> Float[Tensor, " feature"]:
    """Standard deviation of each channel over frames and places, not below CHANNEL_FLOOR of the median.

    Channels that never answer are left out of the median.
    """
    features = torch.cat([network.targets(batch, layer) for batch in frames.split(64)])
    deviations = features.std(dim=(0, 2, 3), correction=0)
    alive = deviations[deviations > 0.0]
    if len(alive) == 0:
        raise WrongInput(f"layer {layer!r} answers nothing on these frames; choose another layer")
    return deviations.clamp(min=CHANNEL_FLOOR * alive.median().item())
