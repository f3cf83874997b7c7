"""Variance-invariance-covariance regularisation: the codes of a pair agree, and no unit repeats another.

A pair is two neighbouring frames, or two augmentations of one frame. Codes pass through an expander that is
used in learning alone. The encoder is World Models' for 64 x 64 frames.
Source: Bardes, Ponce & LeCun 2022, VICReg, section 4.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import nn

from reverie.core.errors import WrongInput
from reverie.core.posterior import Point, Posterior
from reverie.core.representation import (
    EncoderOnly,
    Losses,
    Player,
    Representation,
    RepresentationConfig,
    Term,
)
from reverie.core.shapes import Frames
from reverie.nn import augment, conv
from reverie.ops.contrast import invariance, missing_deviation, redundancy


@dataclass(frozen=True, kw_only=True)
class VICRegConfig(RepresentationConfig):
    """Makes pairs of 64 x 64 frames agree without collapsing; it has no decoder."""

    code_size: int = 256
    """How many numbers a frame becomes."""
    pair: Literal["neighbours", "augmentations"] = "neighbours"
    """Two frames of an episode as they are, or one frame, changed twice."""
    gap: int = 1
    """Steps between the two frames of a pair of neighbours."""
    shift: int = 4
    """Pixels that an augmentation moves a frame by, at most; codes then forget positions so finely."""
    relight: float = 0.2
    """How much an augmentation changes contrast and brightness, at most, as a part of them."""
    invariance: float = 25.0
    """Price of the distance between the codes of a pair."""
    variance: float = 25.0
    """Price of a unit whose deviation over the batch is below one."""
    covariance: float = 1.0
    """Price of units that vary together."""
    expander: tuple[int, ...] = (512, 512)
    """Sizes of the layers that the codes pass through before they are compared."""
    batch_norm: bool = False
    """Normalise every inner layer of the encoder over the batch."""

    def __post_init__(self) -> None:
        self.check_positive("code_size", "gap", "invariance", "variance")
        self.check_not_negative("shift", "relight", "covariance")
        if not self.expander or any(size <= 0 for size in self.expander):
            raise WrongInput(f"vicreg field 'expander' must hold positive sizes, got {self.expander}")
        if self.relight >= 1.0:
            raise WrongInput(f"vicreg field 'relight' must be below 1, got {self.relight}")

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Representation:
        """The encoder with its expander; WrongInput when the frames are not 64 x 64."""
        encoder = conv.encoder(frame_shape, self.code_size, self.batch_norm)
        # The expander subtracts the mean code, so that a bias of the codes would not be learnt.
        encoder[-1] = nn.Linear(conv.FEATURES, self.code_size, bias=False)
        return VICReg(encoder, self)

    def change(self, frames: Frames, generator: torch.Generator | None) -> Frames:
        """The frames as the encoder is shown them in learning: as they are, or augmented."""
        if self.pair == "neighbours":
            return frames
        moved = augment.shifted(frames, self.shift, generator)
        return augment.relit(moved, self.relight, generator)


class VICReg(EncoderOnly):
    """An encoder, and the expander that its codes are compared behind."""

    compares = True

    def __init__(self, encoder: nn.Module, config: VICRegConfig) -> None:
        super().__init__()
        self.encoder = encoder
        self.expander = _expander([config.code_size, *config.expander])
        self.code_size = config.code_size
        self.pair_gap = config.gap if config.pair == "neighbours" else 0
        self._config = config

    def encode(self, frames: Frames) -> Posterior:
        """The code of each frame, a point."""
        return Point(self.encoder(frames).to(frames.dtype))

    def loss(self, pair: tuple[Frames, Frames], generator: torch.Generator | None) -> Losses:
        """The three prices of each pair; the last two are one number a batch.

        The prices of variance are averaged over both sides of the pairs, as in the authors' code, which the
        published weights belong to; the paper's eq. 6 adds them.
        """
        config = self._config
        codes = (self.encoder(config.change(side, generator)) for side in pair)
        first, second = (self.expander(part).float() for part in codes)
        variance = 0.5 * (missing_deviation(first) + missing_deviation(second))
        covariance = redundancy(first) + redundancy(second)
        terms = {
            "invariance": invariance(first, second),
            "variance": variance.expand(len(first)),
            "covariance": covariance.expand(len(first)),
        }
        return Losses(terms, {name: getattr(config, name) for name in terms})

    def players(self) -> Sequence[Player]:
        """One, who holds every parameter."""
        return [Player("encoder", self.parameters, self.loss)]


def _expander(sizes: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes[:-1]):
        layers += [nn.Linear(before, after, bias=False), nn.BatchNorm1d(after), nn.ReLU()]
    # No price sees a bias here, nor does normalisation leave one above.
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1], bias=False))
