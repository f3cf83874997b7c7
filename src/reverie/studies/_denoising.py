"""Denoising: an autoencoder with and without noise on its input, against linear ways to remove noise."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from reverie.core.console import Console
from reverie.core.representation import Representation
from reverie.core.shapes import Codes, Images
from reverie.engine.fit import Setup
from reverie.engine.plan import Plan
from reverie.representations.dense_ae import DenseAEConfig
from reverie.studies._digits import NOISE, Digits
from reverie.studies._in_memory import InMemory, fit_once
from reverie.terms.pixel import squared
from reverie.verbs.fit import build

PASSES, EPOCHS = 200, 5
PLAN = Plan(epochs=EPOCHS, batch_size=64, learning_rate=2e-3, schedule="cosine")
CODE_SIZE, HIDDEN = 32, (128,)
NEIGHBOURS = 5


def compare(digits: Digits, seed: int, folder: Path, console: Console) -> dict[str, Any]:
    """Errors of plain and denoising autoencoder and of the baselines on held-out digits, noisy and clean."""
    plain = fitted(digits.training, 0.0, seed, folder / "plain", console=console)
    denoising = fitted(digits.training, NOISE, seed, folder / "denoising", console=console)
    found = baselines(digits)
    for name, module in {"plain": plain, "denoising": denoising}.items():
        found |= {
            f"{name}_noisy": _error(digits, _rebuilt(module, digits.noisy)),
            f"{name}_clean": _error(digits, _rebuilt(module, digits.test)),
            f"{name}_recognised": recognised(digits, module),
        }
    found["saved"] = 100.0 * (1.0 - found["denoising_noisy"] / found["plain_noisy"])
    found["saved_on_linear"] = 100.0 * (1.0 - found["denoising_noisy"] / found["linear_noisy"])
    found["recognised_gain"] = found["denoising_recognised"] - found["plain_recognised"]
    found["clean_ratio"] = found["plain_clean"] / found["denoising_clean"]
    return found


def fitted(images: Images, noise: float, seed: int, folder: Path, *, console: Console) -> Representation:
    """The autoencoder whose encoder saw so much noise; both arms start from the same weights."""
    config = DenseAEConfig(code_size=CODE_SIZE, hidden=HIDDEN, input_noise=noise)
    module = build(config, tuple(images.shape[1:]), seed, squared)
    batches = InMemory(images, PLAN.batch_size, PASSES // EPOCHS, seed)
    fit_once(Setup(module, module.players(), batches, None, seed), PLAN, folder, console)
    return module


def baselines(digits: Digits) -> dict[str, Any]:
    """Errors on noisy images of doing nothing, the mean image, PCA of equal size, and the best linear map.

    The best linear map knows the deviation of the noise and the covariance of the training images.
    Source: Wiener 1949, for the linear map.
    """
    flat, noisy = digits.training.flatten(1).double().numpy(), digits.noisy.flatten(1).double().numpy()
    centre, covariance = flat.mean(0), np.cov(flat.T)
    pca = PCA(CODE_SIZE, svd_solver="full").fit(flat)
    keep = np.linalg.solve(covariance + NOISE**2 * np.eye(len(centre)), covariance)
    rebuilt = {
        "nothing": noisy,
        "mean": np.broadcast_to(centre, noisy.shape),
        "pca": pca.inverse_transform(pca.transform(noisy)),
        "linear": (noisy - centre) @ keep + centre,
    }
    shape = digits.test.shape
    return {
        f"{name}_noisy": _error(digits, torch.tensor(images).float().reshape(shape))
        for name, images in rebuilt.items()
    }


def recognised(digits: Digits, module: Representation) -> float:
    """Per cent of noisy digits named rightly by the nearest codes of clean training digits."""
    judge = KNeighborsClassifier(NEIGHBOURS).fit(_codes(module, digits.training), digits.training_names)
    return 100.0 * float(judge.score(_codes(module, digits.noisy), digits.test_names))


@torch.no_grad()
def _rebuilt(module: Representation, images: Images) -> Images:
    return module.decode(module.encode(images).mean)


@torch.no_grad()
def _codes(module: Representation, images: Images) -> Codes:
    return module.encode(images).mean


def _error(digits: Digits, rebuilt: Images) -> float:
    return digits.errors(rebuilt).mean().item()
