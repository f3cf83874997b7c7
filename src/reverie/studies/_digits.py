"""Digits: scikit-learn's 8 x 8 handwritten digits, split by a seed; MNIST's stand-in, always at hand."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from sklearn.datasets import load_digits

from reverie.core.seeds import numpy_generator, torch_generator

HELD_OUT = 397
"""Images that are tested on; 1400 are left to learn from."""
NOISE = 0.5
"""Standard deviation of the noise on the inputs of the denoising autoencoder; pixels are in [0, 1]."""


@dataclass(frozen=True)
class Digits:
    """Images in [0, 1] to learn from, images to test on, and the same with noise on every pixel."""

    training: Float[torch.Tensor, "training 1 8 8"]
    test: Float[torch.Tensor, "test 1 8 8"]
    noisy: Float[torch.Tensor, "test 1 8 8"]
    training_names: Int64[np.ndarray, " training"]
    test_names: Int64[np.ndarray, " test"]

    def errors(self, rebuilt: Float[torch.Tensor, "test 1 8 8"]) -> Float[torch.Tensor, " test"]:
        """Squared error of each rebuilt test image against the clean one, summed over pixels."""
        return (rebuilt - self.test).square().flatten(1).sum(1)


def digits(seed: int) -> Digits:
    """The 1797 digits, split and made noisy by the seed."""
    pixels, names = load_digits(return_X_y=True)
    order = numpy_generator(seed, "digits").permutation(len(pixels))
    images = torch.from_numpy(pixels[order] / 16.0).float().reshape(-1, 1, 8, 8)
    names = names[order].astype(np.int64)
    test = images[:HELD_OUT]
    noise = torch.empty_like(test).normal_(generator=torch_generator(seed, "noise"))
    return Digits(images[HELD_OUT:], test, test + NOISE * noise, names[HELD_OUT:], names[:HELD_OUT])
