"""Bounds: estimates of the log-likelihood from codes drawn from the belief, and from the prior."""

from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor

from reverie.core.posterior import DiagonalGaussian
from reverie.core.seeds import torch_generator
from reverie.core.shapes import Images, PerImage
from reverie.nn.autoencoder import Autoencoder
from reverie.ops.likelihoods import (
    diagonal_gaussian_log_density,
    gaussian_log_likelihood,
    importance_bound,
    prior_estimate,
)
from reverie.studies._linear_gaussian import LinearGaussian, learnt_world, widened

PerSample = Float[Tensor, "samples batch"]
WIDER = 2.0
"""Factor on the deviations of the deliberately loose belief."""
MOST, FEW = 1000, 10
"""Samples of the two importance-weighted bounds."""
REPEATS, SAMPLES = 200, 100
"""Repetitions of an estimate whose variance is measured, and codes that each is made of."""


@dataclass(frozen=True)
class Model:
    """A fitted linear variational autoencoder, and the noise on a pixel that it was told."""

    module: Autoencoder
    deviation: float

    def belief(self, images: Images) -> DiagonalGaussian:
        """What the encoder believes."""
        posterior = self.module.encode(images)
        assert isinstance(posterior, DiagonalGaussian)
        return posterior

    def world(self) -> LinearGaussian:
        """The world that the decoder describes."""
        return learnt_world(self.module, self.deviation)

    def log_likelihoods(self, images: Images, codes: Float[Tensor, "samples batch unit"]) -> PerSample:
        """Log p(image | code) of every sample."""
        rebuilt = self.module.decode(rearrange(codes, "samples batch unit -> (samples batch) unit"))
        wanted = repeat(images, "batch pixel -> (samples batch) pixel", samples=len(codes))
        found = gaussian_log_likelihood(wanted, rebuilt, self.deviation)
        return rearrange(found, "(samples batch) -> samples batch", samples=len(codes)).double()

    def log_weights(
        self, images: Images, belief: DiagonalGaussian, samples: int, generator: torch.Generator
    ) -> PerSample:
        """Log p(image, code) - log q(code | image) of codes drawn from q."""
        codes = _draw(belief, samples, generator)
        prior = diagonal_gaussian_log_density(codes, torch.zeros_like(codes), torch.zeros_like(codes))
        q = diagonal_gaussian_log_density(
            codes, belief.location.expand_as(codes), belief.log_variance.expand_as(codes)
        )
        return self.log_likelihoods(images, codes) + (prior - q).double()


@torch.no_grad()
def evidence_bound(module: Autoencoder, images: Images, repeats: int, seed: int) -> float:
    """Mean evidence lower bound of an image in nats, as the negative of the loss that was descended."""
    generator = torch_generator(seed, "evidence")
    losses = [module.loss(images, generator).total().item() for _ in range(repeats)]
    return -sum(losses) / repeats


@torch.no_grad()
def closed_form_bound(model: Model, images: Images) -> float:
    """The same without sampling: the expected square of a linear map of a Gaussian, and the divergence."""
    belief, world = model.belief(images), model.world()
    means, variances = belief.location.double().numpy(), belief.log_variance.exp().double().numpy()
    centred = images.double().numpy() - world.offset - means @ world.weights.T
    spread = variances @ (world.weights**2).sum(0)
    unexplained = (centred**2).sum(1) + spread
    constant = centred.shape[1] * torch.log(torch.tensor(2 * torch.pi * model.deviation**2)).item()
    divergence = 0.5 * (variances + means**2 - 1.0 - belief.log_variance.double().numpy()).sum(1)
    return float((-0.5 * (unexplained / model.deviation**2 + constant) - divergence).mean())


@torch.no_grad()
def compare(model: Model, images: Images, seed: int) -> dict[str, Any]:
    """Mean bounds in nats with 1, 10 and 1000 samples an image: of the belief learnt, and of a loose one."""
    exact = float(model.world().log_marginal(images.double().numpy()).mean())
    found: dict[str, Any] = {"own_exact": exact}
    belief = model.belief(images)
    for name, one in {"learnt": belief, "loose": widened(belief, WIDER)}.items():
        weights = model.log_weights(images, one, MOST, torch_generator(seed, "bounds", name))
        groups = rearrange(weights, "(group samples) batch -> samples (group batch)", samples=FEW)
        found |= {
            f"{name}_elbo": weights.mean().item(),
            f"{name}_iw{FEW}": importance_bound(groups).mean().item(),
            f"{name}_iw{MOST}": importance_bound(weights).mean().item(),
        }
    found["closed_percent"] = (
        100.0 * (found[f"loose_iw{MOST}"] - found["loose_elbo"]) / (exact - found["loose_elbo"])
    )
    return found


@torch.no_grad()
def variances(model: Model, images: Images, seed: int) -> dict[str, Any]:
    """Mean over images of the variance of an estimate of log p from so many codes, drawn either way."""
    generator = torch_generator(seed, "variances")
    belief = model.belief(images)
    prior = DiagonalGaussian(torch.zeros_like(belief.location), torch.zeros_like(belief.location))
    naive: list[PerImage] = []
    guided: list[PerImage] = []
    loose: list[PerImage] = []
    for _ in range(REPEATS):
        naive.append(prior_estimate(model.log_likelihoods(images, _draw(prior, SAMPLES, generator))))
        guided.append(importance_bound(model.log_weights(images, belief, SAMPLES, generator)))
        wide = widened(belief, WIDER)
        loose.append(importance_bound(model.log_weights(images, wide, SAMPLES, generator)))
    found = {
        f"variance_{name}": torch.stack(estimates).var(dim=0).mean().item()
        for name, estimates in {"naive": naive, "guided": guided, "loose": loose}.items()
    }
    return found | {
        "variance_ratio": found["variance_naive"] / found["variance_guided"],
        "variance_ratio_loose": found["variance_naive"] / found["variance_loose"],
    }


def _draw(
    belief: DiagonalGaussian, samples: int, generator: torch.Generator
) -> Float[Tensor, "samples batch unit"]:
    shape = (samples, *belief.location.shape)
    codes = DiagonalGaussian(
        rearrange(belief.location.expand(shape), "samples batch unit -> (samples batch) unit"),
        rearrange(belief.log_variance.expand(shape), "samples batch unit -> (samples batch) unit"),
    ).rsample(generator)
    return rearrange(codes, "(samples batch) unit -> samples batch unit", samples=samples)
