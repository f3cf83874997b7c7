"""Batch of one: a dense autoencoder fitted image by image, with its gradient written out.

The general loop takes four times as long for the same steps: at this size nearly all of its time is overhead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.core.console import Console
from reverie.core.seeds import torch_generator
from reverie.engine import checkpoint
from reverie.nn.autoencoder import Autoencoder

NOTE_EVERY = 1000


@dataclass(frozen=True)
class OneByOne:
    """How to go through the images: Adam, one of them a step."""

    epochs: int
    rate: float
    seed: int
    """Seed of the order."""


def fit_one_by_one(
    module: Autoencoder, images: Float[Tensor, "image pixel"], plan: OneByOne, at: tuple[Path, Console]
) -> int:
    """Lower the binary cross entropy; returns the number of steps.

    `module` is dense, 784-32-784 or alike, with a ReLU inside and a sigmoid at the end. `at` holds a folder,
    where every epoch leaves a checkpoint from which an interrupted fit goes on, and the console.
    """
    epochs, (folder, console) = plan.epochs, at
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    weights = [part for layer in layers for part in (layer.weight, layer.bias)]
    for part in weights:
        part.grad = torch.zeros_like(part)
    optimisers = {"adam": torch.optim.Adam(weights, plan.rate, fused=True)}
    done = _restore(module, optimisers, folder, console)
    total = epochs * len(images)
    with console.track(f"fit {folder.name}", total, done * len(images)) as tracker:
        for epoch in range(done, epochs):
            order = torch.randperm(len(images), generator=torch_generator(plan.seed, "order", epoch)).tolist()
            for start in range(0, len(order), NOTE_EVERY):
                part = order[start : start + NOTE_EVERY]
                learn(weights, optimisers["adam"], [images[number] for number in part])
                tracker.advance(len(part), note=f"epoch {epoch + 1}")
            _save(module, optimisers, folder, epoch + 1)
    return total


@torch.no_grad()
def learn(
    weights: Sequence[Tensor], optimiser: torch.optim.Optimizer, images: Sequence[Float[Tensor, " pixel"]]
) -> None:
    """One step an image. Where the output is a sigmoid, the error of its input is prediction less image."""
    first, first_bias, last, last_bias = weights
    assert first.grad is not None and first_bias.grad is not None
    assert last.grad is not None and last_bias.grad is not None
    for image in images:
        code = torch.addmv(first_bias, first, image).relu_()
        error = torch.addmv(last_bias, last, code).sigmoid_().sub_(image)
        torch.outer(error, code, out=last.grad)
        last_bias.grad.copy_(error)
        back = torch.mv(last.t(), error).mul_(code > 0)
        torch.outer(back, image, out=first.grad)
        first_bias.grad.copy_(back)
        optimiser.step()


def _restore(
    module: nn.Module, optimisers: dict[str, torch.optim.Adam], folder: Path, console: Console
) -> int:
    """Epochs that are done already."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.clear_halves(folder)
    found = checkpoint.newest(folder, console)
    if found is None:
        return 0
    module.load_state_dict(found.tensors["weights"])
    checkpoint.restore_optimisers(optimisers, found.tensors["optimiser"])
    return found.counters["epochs"]


def _save(module: nn.Module, optimisers: dict[str, torch.optim.Adam], folder: Path, epochs: int) -> None:
    tensors = {"weights": module.state_dict(), "optimiser": checkpoint.optimiser_tensors(optimisers)}
    checkpoint.save(folder, epochs, checkpoint.Checkpoint(tensors, {"epochs": epochs}))
