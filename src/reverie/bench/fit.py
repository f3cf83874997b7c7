"""Fit: the training loop against a bare hand-written one over the same model, batches and data."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from reverie.core.console import QUIET, Console
from reverie.core.representation import RepresentationConfig
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator
from reverie.data.batches import Batches
from reverie.engine.fit import Setup, fit
from reverie.engine.plan import Plan
from reverie.nn.autoencoder import Autoencoder
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.representations.dense_ae import DenseAEConfig
from reverie.terms.pixel import bernoulli, squared

ROUNDS = 3
TARGETS = {"ratio to a bare loop": 0.95}


@dataclass(frozen=True)
class _Case:
    config: RepresentationConfig
    frame_shape: tuple[int, int, int]
    batch_size: int
    batches: int


CASES = {
    "conv-vae": _Case(ConvVAEConfig(), (3, 64, 64), 64, 40),
    "dense-ae at batch 32": _Case(DenseAEConfig(), (1, 28, 28), 32, 2000),
}


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Ratios of times, bare over ours, so that 1 is as fast and above 1 is faster; the median of rounds.

    Both sides alternate in one process, on one thread, with the same first weights. Two bare loops: one with
    torch's Adam as most people write it, one with the same fused Adam as ours, where only overhead differs.
    """
    torch.set_num_threads(1)
    results: dict[str, Any] = {}
    for name, case in CASES.items():
        console.say(f"measuring {name}")
        rounds = [_round(case) for _ in range(ROUNDS)]
        results[f"{name}: ratio to a bare loop"] = round(
            _median(rounds, "plain") / _median(rounds, "ours"), 3
        )
        results[f"{name}: ratio to a bare loop, fused"] = round(
            _median(rounds, "fused") / _median(rounds, "ours"), 3
        )
        results[f"{name}: ms a step"] = round(1e3 * _median(rounds, "ours") / case.batches, 3)
    return results | {"targets": TARGETS}


def _round(case: _Case) -> dict[str, float]:
    return {
        "plain": _timed(case, lambda model, batches: _bare(model, batches, fused=False)),
        "ours": _timed(case, _ours),
        "fused": _timed(case, lambda model, batches: _bare(model, batches, fused=True)),
    }


def _timed(case: _Case, loop: Callable[[Autoencoder, Batches], None]) -> float:
    channels, height, width = case.frame_shape
    count = case.batch_size * case.batches
    generator = numpy_generator(0, "bench")
    pixels = generator.integers(0, 256, (count, height, width, channels), dtype=np.uint8)
    batches = Batches(pixels, np.arange(count), case.batch_size, seed=0)
    torch.manual_seed(0)
    model = case.config.build(case.frame_shape, squared if channels == 3 else bernoulli)
    assert isinstance(model, Autoencoder)
    began = time.perf_counter()
    loop(model, batches)
    return time.perf_counter() - began


def _ours(model: Autoencoder, batches: Batches) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder) / "run", "fit", {})
        fit(Setup(model, model.players(), batches, None, 0), Plan(epochs=1), run, QUIET)


def _bare(model: Autoencoder, batches: Batches, fused: bool) -> None:
    optimiser = torch.optim.Adam(model.parameters(), 1e-3, fused=fused)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for frames in batches.epoch(0):
        loss = _hand_written(model, frames, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with tempfile.TemporaryDirectory() as folder:
        torch.save(model.state_dict(), Path(folder) / "bare.pt")


def _hand_written(model: Autoencoder, frames: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The same loss as a person would write it in a script."""
    features = model.encoder(frames)
    if frames.shape[1] == 1:
        prediction = model.decoder(features)
        return nn.functional.binary_cross_entropy(prediction, frames, reduction="sum") / len(frames)
    mean, log_variance = features.chunk(2, dim=1)
    noise = torch.randn(mean.shape, generator=generator)
    prediction = model.decoder(mean + torch.exp(0.5 * log_variance) * noise)
    kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return ((prediction - frames).square().sum() + kl) / len(frames)


def _median(rounds: list[dict[str, float]], name: str) -> float:
    return float(np.median([one[name] for one in rounds]))
