"""Divergence of the belief from the prior, in nats, summed over code units; with free bits or a capacity."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.core.errors import WrongInput
from reverie.core.representation import Term, View
from reverie.core.term import Materials, TermConfig


@dataclass(frozen=True)
class KL:
    """KL(q || prior) of each image in nats, summed over units, with a floor below which it has no gradient.

    Per "unit" the floor holds for each unit of each image: sum_i max(KL_i, free_bits). Averaging a unit over
    the batch first, as in the source, was not done: an image's loss must not depend on its neighbours.
    Per "image" it holds for the sum: max(sum_i KL_i, free_bits), as in the code of World Models (half a nat a
    unit, 16 nats at 32 units).
    Source: Kingma & Welling 2014, eq. 10; Kingma et al. 2016, appendix C.8 (free bits).
    """

    free_bits: float = 0.0
    per: Literal["unit", "image"] = "unit"

    def __call__(self, view: View) -> Float[Tensor, " batch"]:
        """The divergence of each image."""
        kl = view.posterior.kl().flatten(1)
        if self.free_bits == 0.0:
            return kl.sum(1)
        if self.per == "unit":
            return kl.clamp(min=self.free_bits).sum(1)
        return kl.sum(1).clamp(min=self.free_bits)


class Capacity(nn.Module):
    """Distance of the divergence from a capacity that rises step by step: |KL(q || prior) - C|, in nats.

    C rises from 0 to `nats` over `steps` training steps, in a straight line, and stays there. The steps are
    counted here, one for each call in training, and are part of the state: a resumed fit counts on.
    Source: Burgess et al. 2018, Understanding disentangling in beta-VAE, eq. 8.
    """

    step: Tensor

    def __init__(self, nats: float, steps: int) -> None:
        super().__init__()
        self.nats, self.steps = nats, steps
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, view: View) -> Float[Tensor, " batch"]:
        """The distance of each image."""
        capacity = self.nats * (self.step / self.steps).clamp(max=1.0)
        if self.training:
            self.step += 1
        return (view.posterior.kl().flatten(1).sum(1) - capacity).abs()


@dataclass(frozen=True, kw_only=True)
class KLConfig(TermConfig):
    """Divergence from the prior; variational methods add it by themselves, with their field `beta`."""

    rebuilds: ClassVar[bool] = False

    free_bits: float = 0.0
    """Nats of divergence that cost nothing to use and nothing to save."""
    free_bits_per: Literal["unit", "image"] = "unit"
    """Whether every unit has its own free bits, or all units of an image share them."""

    def __post_init__(self) -> None:
        self.check_not_negative("free_bits")

    @classmethod
    def parse(cls, rest: str) -> "KLConfig":
        """Always WrongInput: the divergence rebuilds nothing."""
        raise WrongInput("'kl' is no reconstruction: methods with a prior add it; weigh it with --beta")

    def build(self, materials: Materials) -> Term:
        """The term; it needs no materials."""
        return KL(self.free_bits, self.free_bits_per)
