"""Likelihood: how probable frames are under a variational autoencoder, bounded by sampling its belief."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import Representation, Term, View
from reverie.core.shapes import Images
from reverie.ops.likelihoods import diagonal_gaussian_log_density

PerFrame = Float64[Tensor, " batch"]


@dataclass(frozen=True)
class Likelihood:
    """A representation whose belief is Gaussian, and the term that is minus log p(frame | code), in nats."""

    representation: Representation
    reconstruction: Term

    @torch.no_grad()
    def bounds(
        self, frames: Images, samples: int, generator: torch.Generator | None
    ) -> tuple[PerFrame, PerFrame]:
        """Two bounds on log p(frame) of each frame, in nats, from the same `samples` codes a frame.

        The first is the evidence lower bound, the mean of the log weights p(frame, code) / q(code | frame);
        the second the importance-weighted bound, the log of the mean weight: never below the first, and in
        expectation rising with `samples` to log p(frame). One sample after the other, so that memory holds
        one batch.
        Source: Burda, Grosse & Salakhutdinov 2016, eq. 8 and theorem 1.
        """
        belief = self.representation.encode(frames)
        assert isinstance(belief, DiagonalGaussian)
        total = torch.zeros(len(frames), dtype=torch.float64, device=frames.device)
        log_total = torch.full_like(total, -math.inf)
        for _ in range(samples):
            log_weight = self._log_weight(frames, belief, generator)
            total += log_weight
            log_total = torch.logaddexp(log_total, log_weight)
        return total / samples, log_total - math.log(samples)

    def _log_weight(
        self, frames: Images, belief: DiagonalGaussian, generator: torch.Generator | None
    ) -> PerFrame:
        codes = belief.rsample(generator)
        view = View(frames, belief, codes, self.representation.decode(codes))
        zeros = torch.zeros_like(codes)
        prior = diagonal_gaussian_log_density(codes, zeros, zeros)
        drawn_from = diagonal_gaussian_log_density(codes, belief.location, belief.log_variance)
        return (prior - drawn_from).double() - self.reconstruction(view).double()
