"""Digit embeddings: codes of two numbers, by an autoencoder, a variational one, and principal components."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from sklearn.decomposition import PCA
from torch import Tensor

from reverie.core.console import Console
from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import Representation
from reverie.core.seeds import torch_generator
from reverie.engine.fit import Setup
from reverie.engine.plan import Plan
from reverie.nn.digit_cnn import FRAME
from reverie.reports import plane
from reverie.studies import _planes
from reverie.studies._digit_embedding import CODE_SIZE, DigitEmbeddingConfig
from reverie.studies._in_memory import InMemory, fit_once
from reverie.studies._measured import Quantity, Results, measured, number, rows, seeds
from reverie.studies._mnist import Images, mnist_or_glyphs
from reverie.studies._study import StudyConfig, Verdict, thresholds
from reverie.terms.pixel import bernoulli
from reverie.verbs.fit import build

PLAN = Plan(epochs=6, batch_size=64, learning_rate=3e-3, schedule="cosine")
PLANS = {"cpu": PLAN, "gpu": replace(PLAN, epochs=20)}
ARMS = {"ae": DigitEmbeddingConfig(), "vae": DigitEmbeddingConfig(variational=True)}
CALLED = {"ae": "autoencoder", "vae": "variational autoencoder"}


@dataclass(frozen=True, kw_only=True)
class DigitEmbeddingsConfig(StudyConfig):
    """The textbook's network of digits as encoder, its mirror as decoder, the binary cross entropy as loss.

    Scale cpu learns the 60 000 digits of MNIST in 6 epochs, scale gpu in 20. Without MNIST in REVERIE_DATA
    printed digits stand in: then no digits are asked to be confused.
    """

    catalogue: ClassVar[str] = "A09"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Fit both; measure the plane of codes of test digits, beside that of the principal components."""
        torch.set_num_threads(1)
        plan, images = PLANS[self.scale], mnist_or_glyphs()
        found: dict[str, Any] = {"seed": seed, "data": images.name, "training": len(images.training)}
        found |= {"epochs": plan.epochs} | baselines(images, seed)
        for name, config in ARMS.items():
            module = build(config, FRAME, seed, bernoulli)
            batches = InMemory(images.training, plan.batch_size, 1, seed)
            fit_once(Setup(module, module.players(), batches, None, seed), plan, folder / name, console)
            found |= {f"{name}_{key}": value for key, value in measures(module, images, seed).items()}
            (folder / f"{name}.png").write_bytes(picture(name, module, images))
        return found

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Supported when every claim holds for every seed."""
        limits = thresholds("digit-embeddings")
        claims = _claims(results, limits)
        status = "supported" if all(claims.values()) else "not supported"
        return Verdict(status, claims, rows(results, _quantities(results, limits)), _text(results))


@torch.no_grad()
def codes_of(module: Representation, frames: Float[Tensor, "image 1 28 28"]) -> _planes.Plane:
    """The mean code of each image."""
    module.eval()
    return torch.cat([module.encode(part).mean for part in frames.split(1000)]).numpy()


@torch.no_grad()
def drawn_codes(module: Representation, frames: Float[Tensor, "image 1 28 28"], seed: int) -> _planes.Plane:
    """A code drawn from the belief about each image; the code itself where there is no belief."""
    generator = torch_generator(seed, "codes")
    return torch.cat([module.encode(part).rsample(generator) for part in frames.split(1000)]).numpy()


def measures(module: Representation, images: Images, seed: int) -> dict[str, Any]:
    """Neighbours, spread, confusions and steps of one plane of test digits."""
    training, test = codes_of(module, images.training), codes_of(module, images.test)
    called = _planes.named((training, images.training_names), test)
    drawn = drawn_codes(module, images.test, seed)
    confused = _planes.confusions(images.test_names, called)
    near = _planes.nearest(test, images.test_names)
    return {
        "named": 100.0 * float(np.mean(called == images.test_names)),
        "step": _planes.step_percent(module.decode, grid_for(module, training)),
        "confused": [list(pair) for pair in confused[:3]],
        "four_nine": confused.index((4, 9)) + 1,
        "one_seven": near.index((1, 7)) + 1,
    } | _planes.spread(drawn)  # fmt: skip


def grid_for(module: Representation, codes: _planes.Plane) -> Float[Tensor, "row column 2"]:
    """Codes to make pictures of: between quantiles of the prior where there is one, else of these codes."""
    variational = isinstance(module.encode(torch.zeros(1, *FRAME)), DiagonalGaussian)
    return _planes.normal_grid() if variational else _planes.grid_of(codes)


@torch.no_grad()
def picture(name: str, module: Representation, images: Images) -> bytes:
    """PNG of the plane: the codes of the test digits, and what a grid of codes is decoded to."""
    codes = codes_of(module, images.test)
    grid = grid_for(module, codes_of(module, images.training))
    pictures = module.decode(grid.flatten(0, 1))[:, 0].unflatten(0, grid.shape[:2])
    title = f"{len(codes)} test digits ({images.name}), {CALLED[name]}"
    return plane.beside(title, codes, images.test_names, pictures.numpy())


def baselines(images: Images, seed: int) -> dict[str, float]:
    """Per cent named rightly on the plane of two principal components, and on that of first weights."""
    flat = [part.flatten(1).numpy() for part in (images.training, images.test)]
    pca = PCA(CODE_SIZE, random_state=seed).fit(flat[0])
    first = build(ARMS["ae"], FRAME, seed, bernoulli)
    planes = {
        "pca": [pca.transform(part) for part in flat],
        "untrained": [codes_of(first, part) for part in (images.training, images.test)],
    }
    return {
        f"{name}_named": 100.0
        * float(np.mean(_planes.named((training, images.training_names), test) == images.test_names))
        for name, (training, test) in planes.items()
    }


def _claims(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    gain = min(result[f"{name}_named"] - result["pca_named"] for result in results for name in ARMS)
    worst = {key: measured(results, f"vae_{key}").worst for key in ("off_centre", "widest")}
    steps = max(result[f"{name}_step"] for result in results for name in ARMS)
    least, most = limits["deviations"]
    claims = {
        f"{_planes.NEIGHBOURS} neighbours name at least {limits['gain']:g} points more of the digits rightly "
        "on either plane than on that of two principal components": gain >= limits["gain"],
        "codes of the variational autoencoder as a whole are near N(0, I): means within "
        f"{limits['centre']:g}, deviations {least:g} to {most:g}": worst["off_centre"] < limits["centre"]
        and min(measured(results, "vae_narrowest").values) >= least
        and worst["widest"] <= most,
        f"those of the autoencoder are not: a deviation is off one by more than {limits['off_one']:g}": all(
            max(abs(result["ae_widest"] - 1.0), abs(result["ae_narrowest"] - 1.0)) > limits["off_one"]
            for result in results
        ),
        f"pictures of neighbouring codes are less than {limits['step']:g} % as far apart as those of any": (
            steps < limits["step"]
        ),
    }
    if _name(results) != "MNIST":
        return claims
    among = measured(results, "vae_four_nine").worst <= limits["four_nine"]
    words = f"4 and 9 are among the {limits['four_nine']} pairs most confused on the variational plane"
    return claims | {words: among}


def _quantities(results: Results, limits: dict[str, Any]) -> list[Quantity]:
    near, (least, most) = "digits named rightly by 10 neighbours, %", limits["deviations"]
    needed = f">= PCA + {limits['gain']:g}"
    asked = f"<= {limits['four_nine']}" if _name(results) == "MNIST" else ""
    return [
        *(Quantity(f"{name}_named", f"{near}: {CALLED[name]}", needed, 1) for name in ARMS),
        Quantity("pca_named", f"{near}: two principal components", "", 1),
        Quantity("untrained_named", f"{near}: first weights", "", 1),
        Quantity("vae_off_centre", "variational: largest mean of a unit", f"< {limits['centre']:g}"),
        Quantity("vae_narrowest", "variational: smallest deviation of a unit", f">= {least:g}"),
        Quantity("vae_widest", "variational: largest deviation of a unit", f"<= {most:g}"),
        Quantity("ae_narrowest", "autoencoder: smallest deviation of a unit"),
        Quantity("ae_widest", "autoencoder: largest deviation of a unit", f"1 +- > {limits['off_one']:g}"),
        *(
            Quantity(
                f"{name}_step", f"{CALLED[name]}: step of a grid of pictures, %", f"< {limits['step']:g}"
            )
            for name in ARMS
        ),
        Quantity("vae_four_nine", "variational: place of 4 and 9 among confused pairs", asked),
        Quantity("ae_one_seven", "autoencoder: place of 1 and 7 among 45 pairs by distance"),
    ]


def _name(results: Results) -> str:
    return results[0]["data"]


def _text(results: Results) -> str:
    keys = ("ae_named", "vae_named", "pca_named")
    mean = {key: number(measured(results, key).mean, 1) for key in keys}
    spread = {
        name: number(measured(results, f"{name}_widest").mean)
        + " and "
        + number(measured(results, f"{name}_narrowest").mean)
        for name in ARMS
    }
    first = results[0]
    digits = (
        f"Digits are MNIST's, {number(float(first['training']))} to learn from"
        if _name(results) == "MNIST"
        else "MNIST is not in REVERIE_DATA: printed digits stand in"
    )
    pairs = "; ".join(
        ", ".join(f"{one} and {other}" for one, other in result["vae_confused"]) for result in results
    )
    return (
        f"What do codes of two numbers keep of a digit?\n\n{digits}; {first['epochs']} epochs; means of "
        f"{seeds(results)}. Of the test digits, {_planes.NEIGHBOURS} neighbours name {mean['ae_named']} % "
        f"rightly on the plane of an autoencoder, {mean['vae_named']} % on that of a variational one, "
        f"{mean['pca_named']} % on that of two principal components. Over all test digits the units of "
        f"the autoencoder deviate by {spread['ae']}, those of the variational one, drawn from its beliefs, "
        f"by {spread['vae']}. On the latter the pairs most often confused are, seed by seed: {pairs}. A "
        "textbook (Kochenderfer et al., examples D.5 and D.6) finds 1 and 7 near each other on its "
        f"autoencoder's plane; here their mean codes are number "
        f"{', '.join(str(result['ae_one_seven']) for result in results)} of 45 pairs by distance."
    )
