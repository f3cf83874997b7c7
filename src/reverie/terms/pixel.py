"""Reconstruction judged pixel by pixel: squared, unsquared, bce, gaussian, weighted, rare."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.core.errors import WrongInput, unknown
from reverie.core.representation import Term, View
from reverie.core.term import Materials, TermConfig
from reverie.ops.likelihoods import bernoulli_log_likelihood, gaussian_log_likelihood

Kind = Literal["squared", "unsquared", "bce", "gaussian", "weighted", "rare"]

WEIGHT_RANGE = (1.0, 30.0)
"""Weight of a pixel in units of the typical pixel's, before the weights are divided by their mean."""

LEVELS = 8
"""Parts of a channel in which colours count as the same."""

WEIGHT_FRAMES = 2000
"""Training frames that the variance of a pixel, or the frequency of a colour, is taken from."""


@dataclass(frozen=True, kw_only=True)
class PixelConfig(TermConfig):
    """Pixel-wise reconstruction, summed over pixels."""

    kind: Kind = "squared"
    """squared error, its unsquared norm, Bernoulli or Gaussian nats, or squared error by place or colour."""
    deviation: float = 0.1
    """Standard deviation of a pixel (kind gaussian only); frames are in [0, 1]."""

    def __post_init__(self) -> None:
        self.check_positive("deviation")

    @classmethod
    def parse(cls, rest: str) -> "PixelConfig":
        """Read "", "squared", "unsquared", "bce", "gaussian", "gaussian=0.2", "weighted" or "rare"."""
        kind, equals, number = rest.partition("=")
        known = get_args(Kind)
        if kind and kind not in known:
            raise unknown("kind of pixel term", kind, known)
        if not equals:
            return cls(kind=kind or "squared")  # pyright: ignore[reportArgumentType]
        if kind != "gaussian":
            raise WrongInput(f"'pixel:{kind}' takes no number, got {rest!r}; only pixel:gaussian=0.1 does")
        return cls(kind="gaussian", deviation=_positive(number))

    @property
    def is_likelihood(self) -> bool:
        """True of bce and gaussian; the squared error lacks its constant, the others are no density."""
        return self.kind in ("bce", "gaussian")

    def build(self, materials: Materials) -> Term:
        """The term; only "weighted" and "rare" look at the materials."""
        if self.kind == "weighted":
            return Weighted(variance_weights(materials.frames(WEIGHT_FRAMES)))
        if self.kind == "rare":
            return Rare(rarity_weights(materials.frames(WEIGHT_FRAMES)))
        if self.kind == "gaussian":
            return Gaussian(self.deviation)
        return {"squared": squared, "unsquared": unsquared, "bce": bernoulli}[self.kind]


def squared(view: View) -> Float[Tensor, " batch"]:
    """Squared error of each image, summed over pixels: ||x' - x||^2."""
    return (view.prediction - view.frames).square().flatten(1).sum(1)


def unsquared(view: View) -> Float[Tensor, " batch"]:
    """Length of the error of each image: ||x' - x||, with gradient zero where there is no error.

    Source: Kochenderfer et al., Algorithms for Decision Making, eq. D.7.
    """
    return torch.linalg.vector_norm((view.prediction - view.frames).flatten(1), dim=1)


def bernoulli(view: View) -> Float[Tensor, " batch"]:
    """Bernoulli negative log-likelihood of each image, summed over pixels, in nats.

    Raises ValueError for frames outside [0, 1].
    """
    return -bernoulli_log_likelihood(view.frames, view.prediction)


@dataclass(frozen=True)
class Gaussian:
    """Gaussian negative log-likelihood of each image, summed over pixels, in nats, constant included."""

    deviation: float

    def __call__(self, view: View) -> Float[Tensor, " batch"]:
        """The negative log-likelihood of each image."""
        return -gaussian_log_likelihood(view.frames, view.prediction, self.deviation)


@dataclass(frozen=True)
class Weighted:
    """Squared error of each image, each pixel with its weight, summed over pixels."""

    weights: Float[Tensor, "height width"]

    def __call__(self, view: View) -> Float[Tensor, " batch"]:
        """The weighted error of each image."""
        return ((view.prediction - view.frames).square() * self.weights).flatten(1).sum(1)


@dataclass(frozen=True)
class Rare:
    """Squared error of each image, each pixel with the weight of its true colour, summed over pixels."""

    weights: Float[Tensor, " colour"]

    def __call__(self, view: View) -> Float[Tensor, " batch"]:
        """The weighted error of each image."""
        weights = self.weights[colour_of(view.frames)].unsqueeze(1)
        return ((view.prediction - view.frames).square() * weights).flatten(1).sum(1)


def colour_of(
    frames: Float[Tensor, "frame channel height width"],
) -> Int64[Tensor, "frame height width"]:
    """The box of colour space that each pixel lies in: `LEVELS` equal parts of every channel."""
    parts = (frames * LEVELS).long().clamp(0, LEVELS - 1)
    found = torch.zeros_like(parts[:, 0])
    for channel in parts.unbind(1):
        found = found * LEVELS + channel
    return found


def rarity_weights(frames: Float[Tensor, "frame channel height width"]) -> Float[Tensor, " colour"]:
    """Weight of each box of colours: the rarer in these frames, the heavier, with mean one over their pixels.

    Proportional to the inverse of its frequency, relative to the colour of the median pixel, clipped to
    WEIGHT_RANGE, so that what is small and of a colour of its own has a price. Colours that these frames do
    not have count as the rarest. Source: Eigen & Fergus 2015 (median frequency balancing, there of classes).
    """
    colours = colour_of(frames).flatten()
    counts = torch.bincount(colours, minlength=LEVELS ** frames.shape[1]).float()
    typical = counts[colours].median()
    weights = (typical / counts.clamp_min(1.0)).clamp(*WEIGHT_RANGE)
    return weights / weights[colours].mean()


def variance_weights(frames: Float[Tensor, "frame channel height width"]) -> Float[Tensor, "height width"]:
    """Weight of each place: its variance over the frames, averaged over channels, with mean one.

    Relative to the median place that varies at all, clipped to WEIGHT_RANGE, so that a still background keeps
    a price and one flickering place cannot own the loss; then divided by the mean, so that the sum keeps the
    scale of the plain squared error.
    """
    variance = frames.var(dim=0, correction=0).mean(0)
    moving = variance[variance > 0.0]
    if len(moving) == 0:
        return torch.ones_like(variance)
    weights = (variance / moving.median()).clamp(*WEIGHT_RANGE)
    return weights / weights.mean()


def _positive(number: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise WrongInput(
            f"pixel:gaussian needs a positive number, got {number!r}; for example pixel:gaussian=0.1"
        )
    return value
