"""Subspaces: does a linear autoencoder find what principal component analysis computes?"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from reverie.core.console import Console
from reverie.core.representation import Representation
from reverie.core.shapes import Images
from reverie.engine.fit import Setup
from reverie.engine.plan import Plan
from reverie.nn.autoencoder import Autoencoder
from reverie.representations.dense_ae import DenseAEConfig
from reverie.studies._in_memory import InMemory, fit_once
from reverie.terms.pixel import squared
from reverie.verbs.fit import build

CODE_SIZES = (2, 5, 10)


STEPS = 4000
"""Steps of a linear autoencoder; every step sees all images."""
EPOCHS = 4
# At the default rates of a fit saddle points hold it for tens of thousands of steps, and a rate that does not
# fall to nothing keeps it turning around the optimum.
PLAN = Plan(epochs=EPOCHS, learning_rate=0.03, schedule="cosine", final_learning_rate=1e-6)


def compare(images: Images, seed: int, folder: Path, console: Console) -> dict[str, Any]:
    """Angle to PCA in degrees and loss above PCA's in per cent, by code size; the angle before learning."""
    found: dict[str, Any] = {}
    for code_size in CODE_SIZES:
        config = DenseAEConfig(code_size=code_size, activation="linear", output="linear")
        module = build(config, tuple(images.shape[1:]), seed, squared)
        found[f"untrained_angle_{code_size}"] = compared(module, images)[0]
        fit_once(lesson(module, images, STEPS, seed), PLAN, folder / f"linear-{code_size}", console)
        found[f"angle_{code_size}"], found[f"excess_{code_size}"] = compared(module, images)
    return found


def lesson(module: Representation, images: Images, steps: int, seed: int) -> Setup:
    """So many steps, each on all images."""
    batches = InMemory(images, len(images), steps // EPOCHS, seed)
    return Setup(module, module.players(), batches, None, seed)


@torch.no_grad()
def compared(module: Representation, images: Images) -> tuple[float, float]:
    """Largest principal angle to the PCA subspace in degrees, and loss above PCA's in per cent.

    The authorities are scikit-learn's PCA with its full solver and SciPy's angles between subspaces.
    """
    flat = images.flatten(1).double().numpy()
    pca = PCA(module.code_size, svd_solver="full").fit(flat)
    angles = np.degrees(subspace_angles(directions(module), principal(pca)))
    best = np.square(pca.inverse_transform(pca.transform(flat)) - flat).sum(1).mean()
    loss = (module.decode(module.encode(images).mean) - images).square().flatten(1).sum(1).double().mean()
    return float(angles.max()), float(100.0 * (loss.item() / best - 1.0))


def principal(pca: PCA) -> Float64[np.ndarray, "pixel unit"]:
    """The components of a fitted PCA, as columns."""
    assert pca.components_ is not None
    return pca.components_.T


def directions(module: Representation) -> Float64[np.ndarray, "pixel unit"]:
    """The image that each code unit adds, as columns."""
    assert isinstance(module, Autoencoder)
    units = torch.cat([torch.zeros(1, module.code_size), torch.eye(module.code_size)])
    images = module.decode(units).flatten(1).double()
    return (images[1:] - images[0]).T.numpy()
