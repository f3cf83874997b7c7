"""MNIST where REVERIE_DATA has it, known by its checksums; else printed digits, which say so."""

import gzip
import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.core.assets import data_folder
from reverie.core.errors import WrongInput
from reverie.data.sets.glyphs import GlyphsConfig

SUMS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Checksums of the four files of LeCun, Cortes & Burges, unpacked."""
SIDE = 28
GLYPHS = (6000, 1000)
"""Printed digits to learn from and to test on, where there is no MNIST."""


@dataclass(frozen=True)
class Images:
    """Digits in [0, 1] to learn from and to test on, and which digit each of them shows."""

    name: str
    """MNIST, or glyphs, which stand in for it."""
    training: Float[Tensor, "training 1 28 28"]
    test: Float[Tensor, "test 1 28 28"]
    training_names: Int64[np.ndarray, " training"]
    test_names: Int64[np.ndarray, " test"]

    def head(self, training: int, test: int) -> "Images":
        """The first so many of both."""
        parts = (self.training[:training], self.test[:test])
        return Images(self.name, *parts, self.training_names[:training], self.test_names[:test])

    @property
    def floor(self) -> float:
        """Entropy of the test pixels in nats an image: what no reconstruction can get below."""
        pixels = self.test.double()
        return float(-(torch.xlogy(pixels, pixels) + torch.xlogy(1 - pixels, 1 - pixels)).sum() / len(pixels))


def mnist_or_glyphs() -> Images:
    """MNIST in its published order and split, or glyphs; WrongInput when a file is there but altered."""
    folder = data_folder() / "mnist"
    if not all((folder / f"{name}.gz").is_file() for name in SUMS):
        return glyphs()
    pixels = {part: _unpacked(f"{part}-images-idx3-ubyte", 16) for part in ("train", "t10k")}
    names = {part: _unpacked(f"{part}-labels-idx1-ubyte", 8).astype(np.int64) for part in pixels}
    training, test = (_images(pixels[part].reshape(-1, SIDE, SIDE)) for part in ("train", "t10k"))
    return Images("MNIST", training, test, names["train"], names["t10k"])


def glyphs(counts: tuple[int, int] = GLYPHS) -> Images:
    """So many printed digits to learn from and to test on, the same ones always."""
    drawn = [GlyphsConfig(seed=seed).draw(np.arange(count)) for seed, count in enumerate(counts)]
    (training, known), (test, asked) = drawn
    names = (known[:, 0].astype(np.int64), asked[:, 0].astype(np.int64))
    return Images("glyphs", _images(training[..., 0]), _images(test[..., 0]), *names)


def _images(pixels: np.ndarray) -> Tensor:
    return torch.tensor(pixels).float()[:, None] / 255.0


def _unpacked(name: str, header: int) -> np.ndarray:
    path = data_folder() / "mnist" / f"{name}.gz"
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise WrongInput(f"{path} is damaged: {error}; get it anew") from None
    found = hashlib.sha256(content).hexdigest()
    if found != SUMS[name]:
        wanted = SUMS[name][:12]
        raise WrongInput(f"{path} is altered: unpacked, its sha256 is {found[:12]}..., not {wanted}...")
    return np.frombuffer(content, np.uint8, offset=header)
