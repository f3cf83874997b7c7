"""Linear-Gaussian: a world whose log-likelihood is known exactly, and the variational autoencoder of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64
from scipy.stats import multivariate_normal, ortho_group
from torch import Tensor, nn

from reverie.core.posterior import DiagonalGaussian
from reverie.core.seeds import numpy_generator, torch_generator
from reverie.core.shapes import Images
from reverie.nn import dense
from reverie.nn.autoencoder import Autoencoder, Objective
from reverie.terms.kl import KL
from reverie.terms.pixel import Gaussian

Vectors = Float64[np.ndarray, "sample pixel"]


@dataclass(frozen=True)
class LinearGaussian:
    """A code of unit normals, mapped by `weights`, moved by `offset`, with equal noise on every pixel.

    The model of probabilistic principal component analysis.
    Source: Tipping & Bishop 1999, eqs. 1 to 5.
    """

    weights: Float64[np.ndarray, "pixel unit"]
    offset: Float64[np.ndarray, " pixel"]
    deviation: float
    """Standard deviation of the noise on a pixel."""

    def draw(self, count: int, generator: np.random.Generator) -> Vectors:
        """Samples by ancestral sampling: first the code from its prior, then the pixels given the code.

        Source: Sherburn 2017, algorithm 1.
        """
        pixels, units = self.weights.shape
        codes = generator.standard_normal((count, units))
        noise = self.deviation * generator.standard_normal((count, pixels))
        return codes @ self.weights.T + self.offset + noise

    def log_marginal(self, samples: Vectors) -> Float64[np.ndarray, " sample"]:
        """Exact log-density of each sample in nats, from SciPy's multivariate normal."""
        covariance = self.weights @ self.weights.T + self.deviation**2 * np.eye(len(self.offset))
        authority: Any = multivariate_normal(self.offset, covariance)  # pyright: ignore[reportArgumentType]
        return np.atleast_1d(authority.logpdf(samples))


def random_world(scales: tuple[float, ...], pixels: int, deviation: float, seed: int) -> LinearGaussian:
    """A world with these singular values of its weights, in random directions of code and pixels."""
    generator = numpy_generator(seed, "world")
    outer = ortho_group.rvs(pixels, random_state=generator)[:, : len(scales)]
    inner = ortho_group.rvs(len(scales), random_state=generator)
    return LinearGaussian(outer * np.array(scales) @ inner, generator.standard_normal(pixels), deviation)


class LinearBelief(nn.Module):
    """Features of a belief: means linear in the pixels, and one log-variance a unit, the same everywhere.

    The true posterior of a linear-Gaussian world has this form once the decoder's columns are orthogonal.
    """

    def __init__(self, pixels: int, code_size: int) -> None:
        super().__init__()
        self.mean = nn.Linear(pixels, code_size)
        self.log_variance = nn.Parameter(torch.zeros(code_size))

    def forward(self, frames: Float[Tensor, "batch pixel"]) -> Float[Tensor, "batch twice"]:
        """Means, then log-variances."""
        mean = self.mean(frames)
        return torch.cat([mean, self.log_variance.expand_as(mean)], dim=1)


def linear_vae(world: LinearGaussian, seed: int) -> Autoencoder:
    """A linear variational autoencoder of the world's size; it is told the noise and learns all else."""
    pixels, code_size = world.weights.shape
    module = Autoencoder(
        LinearBelief(pixels, code_size),
        DiagonalGaussian.from_features,
        dense.decoder((pixels,), [code_size], "linear", "linear"),
        Objective(
            {"reconstruction": Gaussian(world.deviation), "kl": KL()}, {"reconstruction": 1.0, "kl": 1.0}
        ),
    )
    generator = torch_generator(seed, "weights")
    for weights in module.parameters():
        nn.init.normal_(weights, std=0.1, generator=generator)
    return module


@torch.no_grad()
def learnt_world(module: Autoencoder, deviation: float) -> LinearGaussian:
    """The world that the decoder describes."""
    units = torch.cat([torch.zeros(1, module.code_size), torch.eye(module.code_size)])
    images = module.decode(units).double().numpy()
    return LinearGaussian((images[1:] - images[0]).T, images[0], deviation)


def widened(posterior: DiagonalGaussian, factor: float) -> DiagonalGaussian:
    """The same belief with its standard deviations multiplied by `factor`."""
    return DiagonalGaussian(posterior.location, posterior.log_variance + 2.0 * np.log(factor))


def floats(samples: Vectors) -> Images:
    """Samples as a network takes them."""
    return torch.from_numpy(samples).float()
