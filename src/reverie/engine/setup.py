"""Setup: what is fitted, by whom, on what; and what it loses on frames that it does not learn from."""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from reverie.core.batches import Batches
from reverie.core.errors import BrokeWhileWorking
from reverie.core.representation import Player
from reverie.core.seeds import torch_generator

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Setup:
    """What is fitted, by whom, on what."""

    module: nn.Module
    players: Sequence[Player]
    training: Batches
    validation: Batches | None
    seed: int
    device: str = "cpu"
    precision: Precision = "float32"
    """What losses are computed in; weights, optimiser and sums are float32 always."""
    compile: bool = False
    """Whether the module's parts are compiled before the first step."""
    agree: Callable[[Iterable[nn.Parameter]], None] = lambda own: None
    """What is done about gradients before a step: nothing, or their sum over all ranks (see ranks.py)."""

    def computing(self) -> AbstractContextManager[Any]:
        """The context that losses are computed in."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device, torch.bfloat16)

    def prepare(self) -> None:
        """Compile the parts of the module, if asked to; names and values of its weights stay as they are."""
        if self.compile:
            for part in self.module.children():
                # A kernel for each shape: which shape came first must not change the bits of a resumed fit.
                part.compile(dynamic=False)

    def on_device(self, batch: Any) -> Any:
        """A batch where the module is."""
        if self.device == "cpu":
            return batch
        if isinstance(batch, tuple):
            return tuple(part.to(self.device, non_blocking=True) for part in batch)
        return batch.to(self.device, non_blocking=True)


@torch.no_grad()
def validate(setup: Setup, when: str) -> tuple[float, dict[str, float]]:
    """Total loss over the validation frames, and the mean of each term, every frame counting the same.

    The noise is the same each time, so that losses of different epochs can be compared.
    Raises BrokeWhileWorking when a term is not a number; `when` tells the user at which moment.
    """
    assert setup.validation is not None
    setup.module.eval()
    generator = torch_generator(setup.seed, "validation", device=setup.device)
    sums: dict[str, float] = {}
    weights: dict[str, float] = {}
    frames: dict[str, int] = {}
    for batch in setup.validation.epoch(0):
        for player in setup.players:
            with setup.computing():
                losses = player.loss(setup.on_device(batch), generator)
            weights |= losses.weights
            for name, term in losses.terms.items():
                sums[name] = sums.get(name, 0.0) + float(term.sum())
                frames[name] = frames.get(name, 0) + len(term)
    means = {name: value / frames[name] for name, value in sums.items()}
    bad = [name for name, value in means.items() if not math.isfinite(value)]
    if bad:
        names = ", ".join(map(repr, bad))
        raise BrokeWhileWorking(
            f"the loss term {names} is not a number on the validation frames {when}; the last good "
            "checkpoint is kept: lower --learning-rate or set --clip 1, and fit anew"
        )
    return sum(weights[name] * value for name, value in means.items()), means
