"""ELBO: the variational bound against exact likelihoods, where a world is simple enough to know them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float64
from scipy.linalg import subspace_angles
from scipy.stats import norm
from sklearn.decomposition import PCA

from reverie.core.console import Console
from reverie.core.seeds import numpy_generator
from reverie.engine.fit import Setup
from reverie.engine.plan import Plan
from reverie.studies import _bounds, _identities
from reverie.studies._in_memory import InMemory, fit_once
from reverie.studies._linear_gaussian import LinearGaussian, Vectors, floats, linear_vae, random_world
from reverie.studies._measured import NOTE, Quantity, Results, keys, measured, number, rows, seeds
from reverie.studies._study import StudyConfig, Verdict, thresholds
from reverie.studies._subspaces import principal


@dataclass(frozen=True)
class Size:
    """A world, and how much is seen of it."""

    pixels: int
    scales: tuple[float, ...]
    """Singular values of the world's weights: how far each code unit moves the pixels."""
    deviation: float
    """Standard deviation of the noise on a pixel."""
    samples: int
    plan: Plan
    passes: int
    """Passes over the samples in an epoch."""


HELD_OUT, REPEATED = 2000, 1000
"""Samples that the bound is measured on, and how often the codes of each are drawn."""
BOUNDED, VARIED = 500, 100
"""Of these, how many get bounds of a thousand samples, and how many a variance."""
BELIEFS = {"learnt": "belief as learnt", "loose": "belief twice too wide"}
SIZES = {
    "cpu": Size(
        pixels=10,
        scales=(2.0, 1.5, 1.0),
        deviation=0.5,
        samples=20_000,
        plan=Plan(epochs=5, batch_size=1000, learning_rate=0.02, schedule="cosine"),
        passes=30,
    ),
    "gpu": Size(
        pixels=64,
        scales=tuple(float(scale) for scale in np.linspace(3.0, 1.2, 10)),
        deviation=0.5,
        samples=200_000,
        plan=Plan(epochs=5, batch_size=2000, learning_rate=0.01, schedule="cosine"),
        passes=40,
    ),
}


@dataclass(frozen=True, kw_only=True)
class ElboConfig(StudyConfig):
    """A linear variational autoencoder of a linear-Gaussian world, and the identities it stands on.

    Scale gpu has a world of 64 pixels and 10 code units, which two minutes of one core can do as well.
    """

    catalogue: ClassVar[str] = "A08"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Draw a world and samples of it, fit, measure the bound; check the identities with fresh numbers."""
        size = SIZES[self.scale]
        world = random_world(size.scales, size.pixels, size.deviation, seed)
        generator = numpy_generator(seed, "samples")
        training, test = world.draw(size.samples, generator), world.draw(HELD_OUT, generator)
        module = linear_vae(world, seed)
        batches = InMemory(floats(training), size.plan.batch_size, size.passes, seed)
        fit_once(Setup(module, module.players(), batches, None, seed), size.plan, folder / "vae", console)
        model = _bounds.Model(module, world.deviation)
        console.say("bounds, variances, identities")
        return (
            {"seed": seed, "pixels": size.pixels, "units": len(size.scales)}
            | recovered(model, world, test, seed)
            | baselines(training, world, test)
            | _bounds.compare(model, floats(test[:BOUNDED]), seed)
            | _bounds.variances(model, floats(test[:VARIED]), seed)
            | _identities.divergences(seed)
            | _identities.gradients(seed)
        )

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Passed when everything holds for every seed: all of it is mathematics."""
        limits = thresholds("elbo")
        claims = _claims(results, limits)
        status = "passed" if all(claims.values()) else "failed"
        return Verdict(status, claims, rows(results, _quantities(limits)), _text(results))


def recovered(model: _bounds.Model, world: LinearGaussian, test: Vectors, seed: int) -> dict[str, Any]:
    """Exact mean log-likelihood, the bound, the gap between them in nats a pixel, the angle in degrees."""
    exact = float(world.log_marginal(test).mean())
    bound = _bounds.evidence_bound(model.module, floats(test), REPEATED, seed)
    return {
        "exact": exact,
        "elbo": bound,
        "elbo_closed_form": _bounds.closed_form_bound(model, floats(test)),
        "gap": abs(exact - bound) / test.shape[1],
        "angle": float(np.degrees(subspace_angles(model.world().weights, world.weights)).max()),
    }


def baselines(
    training: Vectors, world: LinearGaussian, test: Float64[np.ndarray, "test pixel"]
) -> dict[str, Any]:
    """What maximum likelihood reaches with the same samples (scikit-learn), and what pixels alone reach."""
    best = PCA(world.weights.shape[1], svd_solver="full").fit(training)
    pixels = norm.logpdf(test, training.mean(0), training.std(0)).sum(1)
    return {
        "best": float(best.score(test)),
        "best_angle": float(np.degrees(subspace_angles(principal(best), world.weights)).max()),
        "independent_pixels": float(pixels.mean()),
    }


def _claims(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    """Everything that the catalogue asks for, each for the worst seed."""
    worst = {key: measured(results, key).worst for key in keys(results)}
    least = {key: min(measured(results, key).values) for key in keys(results)}
    gradient = max(worst["location_gradient_percent"], worst["log_variance_gradient_percent"])
    return {
        f"the divergence equals that of torch.distributions within {limits['kl']:g} nats, and between two "
        "Gaussians within as much, relative above one nat": max(
            worst["kl_difference"], worst["general_kl_difference"]
        )
        <= limits["kl"],
        f"a mean over 100 000 samples agrees with it within {limits['kl_sampled_percent']:g} %": (
            worst["kl_sampled_percent"] <= limits["kl_sampled_percent"]
        ),
        f"after learning, the bound is within {limits['gap']:g} nats a pixel of the exact log-likelihood": (
            worst["gap"] <= limits["gap"]
        ),
        f"the decoder's columns span the world's within {limits['angle']:g} degrees": (
            worst["angle"] <= limits["angle"]
        ),
        "the bounds are ordered: ELBO <= 10 samples <= 1000 samples <= exact "
        f"+ {limits['above_exact']:g} nats": all(_ordered(result, limits) for result in results),
        f"with a belief twice too wide, 1000 samples close {limits['closed_percent']:g} % of the gap": (
            least["closed_percent"] >= limits["closed_percent"]
        ),
        f"sampling the prior has {limits['variance_ratio']:g} times the variance of sampling the belief": (
            least["variance_ratio"] >= limits["variance_ratio"]
        ),
        f"gradients through the sampled code are within {limits['gradient_percent']:g} % of analytic ones": (
            gradient <= limits["gradient_percent"]
        ),
    }


def _ordered(result: Mapping[str, Any], limits: dict[str, Any]) -> bool:
    few, most, exact = f"iw{_bounds.FEW}", f"iw{_bounds.MOST}", result["own_exact"] + limits["above_exact"]
    return all(
        result[f"{name}_elbo"] <= result[f"{name}_{few}"] <= result[f"{name}_{most}"] <= exact
        for name in BELIEFS
    )


def _quantities(limits: dict[str, Any]) -> list[Quantity]:
    return [*_likelihoods(limits), *_bounded(limits), *_identical(limits)]


def _likelihoods(limits: dict[str, Any]) -> list[Quantity]:
    nats = "log-likelihood of a held-out image, nats"
    return [
        Quantity("exact", f"{nats}: exact, true world", decimals=3),
        Quantity("elbo", f"{nats}: ELBO of the fitted autoencoder", decimals=3),
        Quantity("elbo_closed_form", f"{nats}: the same ELBO without sampling", decimals=3),
        Quantity("best", f"{nats}: probabilistic PCA by maximum likelihood (scikit-learn)", decimals=3),
        Quantity("independent_pixels", f"{nats}: independent Gaussian pixels", decimals=3),
        Quantity("gap", "ELBO from exact, nats a pixel", f"<= {limits['gap']:g}"),
        Quantity("angle", "largest angle of the decoder to the world, degrees", f"<= {limits['angle']:g}"),
        Quantity("best_angle", "largest angle of PCA to the world, degrees"),
    ]


def _bounded(limits: dict[str, Any]) -> list[Quantity]:
    some, log = f"{BOUNDED} held-out images, nats", f"log p from {_bounds.SAMPLES} codes"
    bounds = {"elbo": "ELBO"} | {f"iw{count}": f"{count} samples" for count in (_bounds.FEW, _bounds.MOST)}
    orders = ("<= 10 samples", "<= 1000 samples", f"<= exact + {limits['above_exact']:g}")
    return [
        *(
            Quantity(f"{name}_{key}", f"{some}: {words}, {belief}", order, decimals=4)
            for name, belief in BELIEFS.items()
            for (key, words), order in zip(bounds.items(), orders, strict=True)
        ),
        Quantity("own_exact", f"{some}: exact, under the fitted decoder", decimals=4),
        Quantity(
            "closed_percent",
            f"gap of the wide belief closed by {_bounds.MOST} samples, %",
            f">= {limits['closed_percent']:g}",
            decimals=2,
        ),
        Quantity("variance_naive", f"variance of {log} of the prior, nats^2"),
        Quantity("variance_guided", f"variance of {log} of the learnt belief, nats^2"),
        Quantity("variance_ratio", "ratio of these two variances", f">= {limits['variance_ratio']:g}"),
        Quantity("variance_ratio_loose", "the same ratio for the belief twice too wide"),
    ]


def _identical(limits: dict[str, Any]) -> list[Quantity]:
    kl, sampled = f"<= {limits['kl']:g}", f"<= {limits['kl_sampled_percent']:g}"
    gradient = f"<= {limits['gradient_percent']:g}"
    error = "error of the sampled gradient by the"
    return [
        Quantity("kl_difference", "KL to N(0, I) against torch.distributions, nats", kl),
        Quantity("single_kl_difference", "the same in single precision, relative above one nat"),
        Quantity("general_kl_difference", "KL between two Gaussians, relative above one nat", kl),
        Quantity("kl_sampled_percent", "KL against 100 000 samples, worst of 64 beliefs, %", sampled),
        Quantity("location_gradient_percent", f"{error} mean, %", gradient),
        Quantity("log_variance_gradient_percent", f"{error} log-variance, %", gradient),
    ]


def _text(results: Results) -> str:
    question = "Is the evidence lower bound (ELBO) right, where likelihoods are known exactly?"
    return "\n\n".join([question, _learnt(results), _tightened(results), _proved(results), NOTE])


def _learnt(results: Results) -> str:
    nats, worst, first = _nats(results), _worst(results), results[0]
    return (
        f"Each seed draws a world of {first['pixels']} pixels and {first['units']} code units at random, "
        "and images of it by ancestral sampling. A linear variational autoencoder, told only the noise on "
        "a pixel and fitted to such images, reaches on held-out ones a mean ELBO of "
        f"{nats['elbo']} nats an image over {seeds(results)}, where the exact log-likelihood is "
        f"{nats['exact']}: they are at most {worst['gap']} nats a pixel apart in any seed. Its decoder "
        f"spans the world's columns within {worst['angle']} degrees; PCA, which maximises the likelihood "
        f"of the same images, within {worst['best_angle']}."
    )


def _tightened(results: Results) -> str:
    nats, few, most = _nats(results), f"iw{_bounds.FEW}", f"iw{_bounds.MOST}"
    over = max(result[f"{name}_{most}"] - result["own_exact"] for result in results for name in BELIEFS)
    ratio, loose = (number(measured(results, f"variance_ratio{part}").mean) for part in ("", "_loose"))
    return (
        f"With a belief made twice too wide the ELBO is {nats['loose_elbo']}, the bound from "
        f"{_bounds.FEW} samples {nats[f'loose_{few}']}, from {_bounds.MOST} samples "
        f"{nats[f'loose_{most}']}; the exact value of the fitted decoder is {nats['own_exact']}. The "
        f"bound from {_bounds.MOST} samples less the exact value is at most {number(over)} nats in any seed. "
        f"An estimate of log p from {_bounds.SAMPLES} codes of the prior has {ratio} times the variance of "
        f"one from as many codes of the learnt belief, and {loose} times that of the wide one."
    )


def _proved(results: Results) -> str:
    worst = _worst(results)
    return (
        f"The closed-form divergence is within {worst['kl_difference']} nats of torch.distributions and "
        f"within {worst['kl_sampled_percent']} % of a mean over samples. Gradients through the sampled code "
        f"differ from the analytic ones of a quadratic by at most {worst['location_gradient_percent']} % "
        f"(mean) and {worst['log_variance_gradient_percent']} % (log-variance)."
    )


def _nats(results: Results) -> dict[str, str]:
    return {key: number(measured(results, key).mean, 3) for key in keys(results)}


def _worst(results: Results) -> dict[str, str]:
    return {key: number(measured(results, key).worst) for key in keys(results)}
