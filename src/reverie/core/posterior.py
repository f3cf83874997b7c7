"""Posterior: what an encoder believes about the code of a frame."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


class Posterior(ABC):
    """Belief about the codes of a batch."""

    @property
    @abstractmethod
    def mean(self) -> Float[Tensor, "batch *code"]:
        """The expected code of each image."""

    @abstractmethod
    def rsample(self, generator: torch.Generator | None) -> Float[Tensor, "batch *code"]:
        """A code drawn for each image, differentiable in the belief's parameters."""

    @abstractmethod
    def kl(self) -> Float[Tensor, "batch *code"]:
        """Divergence from the prior in nats, unit by unit, not reduced."""


@dataclass(frozen=True)
class Point(Posterior):
    """Certainty: the code of a plain autoencoder. Its divergence from any prior is defined as zero."""

    codes: Float[Tensor, "batch *code"]

    @staticmethod
    def from_features(features: Float[Tensor, "batch *code"]) -> "Point":
        """The features themselves are the code."""
        return Point(features)

    @property
    def mean(self) -> Float[Tensor, "batch *code"]:
        """The code itself."""
        return self.codes

    def rsample(self, generator: torch.Generator | None) -> Float[Tensor, "batch *code"]:
        """The code itself."""
        return self.codes

    def kl(self) -> Float[Tensor, "batch *code"]:
        """Zeros: a plain autoencoder pays nothing for its code."""
        return torch.zeros_like(self.codes)


@dataclass(frozen=True)
class DiagonalGaussian(Posterior):
    """Independent normal beliefs, against the prior N(0, I).

    `log_variance` is clamped to [-10, 10] where it is made, so that exp cannot overflow.
    Source: Kingma & Welling 2014, appendix B.
    """

    location: Float[Tensor, "batch *code"]
    log_variance: Float[Tensor, "batch *code"]

    @staticmethod
    def from_features(features: Float[Tensor, "batch twice *map"]) -> "DiagonalGaussian":
        """The first half of the features as location, the second as log-variance, clamped to [-10, 10]."""
        location, log_variance = features.chunk(2, dim=1)
        return DiagonalGaussian(location, log_variance.clamp(-10.0, 10.0))

    @property
    def mean(self) -> Float[Tensor, "batch *code"]:
        """The location of each belief."""
        return self.location

    def rsample(self, generator: torch.Generator | None) -> Float[Tensor, "batch *code"]:
        """Location plus standard deviation times unit noise (the reparameterisation)."""
        noise = torch.empty_like(self.location).normal_(generator=generator)
        return self.location + torch.exp(0.5 * self.log_variance) * noise

    def kl(self) -> Float[Tensor, "batch *code"]:
        """KL(q || N(0, 1)) of every unit, in nats."""
        return 0.5 * (self.log_variance.exp() + self.location.square() - 1.0 - self.log_variance)
