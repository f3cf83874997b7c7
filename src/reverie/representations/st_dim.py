"""Spatio-temporal deep InfoMax: codes that tell which frame comes next, learnt without rebuilding.

The code of a frame, and each place of its third convolution, must find the same place of the next frame among
the next frames of the batch; what changes between frames has to be in the code for that. The encoder is
World Models' for 64 x 64 frames instead of the paper's for 210 x 160.
Source: Anand et al. 2019, Unsupervised State Representation Learning in Atari, section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

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
from reverie.nn import conv
from reverie.ops.contrast import info_nce


@dataclass(frozen=True, kw_only=True)
class STDIMConfig(RepresentationConfig):
    """Contrasts neighbouring frames of 64 x 64; it has no decoder."""

    code_size: int = 256
    """How many numbers a frame becomes."""
    gap: int = 1
    """Steps between the two frames of a pair."""
    batch_norm: bool = False
    """Normalise every inner layer over the batch."""

    def __post_init__(self) -> None:
        self.check_positive("code_size", "gap")

    def build(self, frame_shape: tuple[int, ...], reconstruction: Term | None = None) -> Representation:
        """The encoder with its two scores; WrongInput when the frames are not 64 x 64."""
        return SpatioTemporalDIM(conv.encoder(frame_shape, self.code_size, self.batch_norm), self)


class SpatioTemporalDIM(EncoderOnly):
    """An encoder, and two bilinear scores of how well two frames follow each other."""

    compares = True

    def __init__(self, encoder: nn.Sequential, config: STDIMConfig) -> None:
        super().__init__()
        self.code_size, self.pair_gap = config.code_size, config.gap
        self.to_places, self.to_codes = conv.halves(encoder)
        self.global_score = nn.Linear(config.code_size, conv.LOCAL_FEATURES, bias=False)
        self.local_score = nn.Linear(conv.LOCAL_FEATURES, conv.LOCAL_FEATURES, bias=False)

    def encode(self, frames: Frames) -> Posterior:
        """The code of each frame, a point."""
        return Point(self.to_codes(self.to_places(frames)).to(frames.dtype))

    def loss(self, pair: tuple[Frames, Frames], generator: torch.Generator | None) -> Losses:
        """Nats of finding the next frame by the whole code, and by the features of one place, without chance.

        Source: Anand et al. 2019, eqs. 1 (global-local) and 2 (local-local).
        """
        maps = self.to_places(pair[0])
        codes, here, there = self.to_codes(maps), _by_place(maps), _by_place(self.to_places(pair[1]))
        by_code = torch.einsum("if,pjf->pij", self.global_score(codes), there)
        by_place = torch.einsum("pif,pjf->pij", self.local_score(here), there)
        terms = {"global_local": info_nce(by_code.float()), "local_local": info_nce(by_place.float())}
        return Losses(terms, dict.fromkeys(terms, 1.0))

    def players(self) -> Sequence[Player]:
        """One, who holds every parameter."""
        return [Player("encoder", self.parameters, self.loss)]


def _by_place(
    maps: Float[Tensor, "image feature row column"],
) -> Float[Tensor, "place image feature"]:
    return rearrange(maps, "image feature row column -> (row column) image feature")
