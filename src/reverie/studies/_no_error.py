"""No error: the unsquared loss has a corner where an image is rebuilt perfectly; its gradient there."""

from typing import Any

import torch
from torch import Tensor, nn

from reverie.core.posterior import Point
from reverie.core.representation import Losses, Representation, Term, View
from reverie.core.shapes import Images, PerImage
from reverie.nn.autoencoder import Autoencoder
from reverie.representations.dense_ae import DenseAEConfig
from reverie.terms.pixel import unsquared


def gradients(images: Images) -> dict[str, Any]:
    """Gradients of eq. D.7 at zero error, of an autoencoder that rebuilds perfectly and of single images."""
    without, beside = lengths(images)
    return {
        "not_numbers": count_not_numbers(images, unsquared),
        "not_numbers_written_out": count_not_numbers(images, square_root),
        "length_without_error": without,
        "length_with_error": beside,
    }


def count_not_numbers(images: Images, term: Term) -> int:
    """How many entries of the gradient are not numbers when every image is rebuilt without any error."""
    module = perfect(images, term)
    losses = module.players()[0].loss(images, torch.Generator())
    assert isinstance(losses, Losses) and losses.total().item() == 0.0
    losses.total().backward()
    parts = [weights.grad for weights in module.parameters() if weights.grad is not None]
    return sum(int((~part.isfinite()).sum()) for part in parts)


def lengths(images: Images) -> tuple[float, float]:
    """Lengths of the gradient at the reconstruction: largest without error, and furthest from 1 with error.

    Every second image of the batch has an error; the gradient of a length is a unit vector there.
    """
    wrong = torch.arange(len(images)) % 2 == 1
    shift = 0.1 * wrong.float().reshape(-1, *[1] * (images.dim() - 1))
    prediction = (images + shift).requires_grad_()
    codes = torch.zeros(len(images), 1)
    unsquared(View(images, Point(codes), codes, prediction)).sum().backward()
    assert isinstance(prediction.grad, Tensor)
    found = prediction.grad.flatten(1).norm(dim=1)
    off = found[wrong][(found[wrong] - 1.0).abs().argmax()]
    return found[~wrong].max().item(), off.item()


def perfect(images: Images, term: Term) -> Representation:
    """A linear autoencoder with as many units as pixels that hands every image through unchanged."""
    size = images[0].numel()
    config = DenseAEConfig(code_size=size, activation="linear", output="linear")
    module = config.build(tuple(images.shape[1:]), term)
    assert isinstance(module, Autoencoder)
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.eye_(layer.weight)
            nn.init.zeros_(layer.bias)
    return module


def square_root(view: View) -> PerImage:
    """Eq. D.7 written out, for contrast: its gradient at zero error is zero times infinity."""
    return (view.prediction - view.frames).square().flatten(1).sum(1).sqrt()
