"""How probable a run finds the test frames: bounds on the log-likelihood, for those that have one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.core.posterior import DiagonalGaussian
from reverie.core.representation import AutoencoderConfig
from reverie.core.seeds import torch_generator
from reverie.core.term import Materials
from reverie.data.batches import to_frames
from reverie.nn.likelihood import Likelihood
from reverie.ops.intervals import student_interval
from reverie.terms import parse
from reverie.verbs._subjects import Side
from reverie.verbs.feature_network import feature_networks
from reverie.verbs.load import Adopted, Loaded

FRAMES, BATCH = 500, 100
"""Test frames that are asked at most, evenly chosen, and so many at once."""


def check(runs: Sequence[Loaded | Adopted]) -> None:
    """Refuse runs that give frames no probability; WrongInput names the run and what it lacks."""
    for one in runs:
        if not isinstance(one, Loaded) or not isinstance(one.config, AutoencoderConfig):
            raise WrongInput(f"{one.run.name} says of no frame how likely it is; leave it out")
        if not parse(one.config.reconstruction).is_likelihood:
            raise WrongInput(
                f"{one.run.name} was fitted with {one.config.reconstruction!r}, which is no likelihood; "
                "fit with --reconstruction pixel:gaussian or pixel:bce"
            )
        probe = torch.zeros(1, *one.frame_shape)
        if not isinstance(one.representation.encode(probe), DiagonalGaussian):
            raise WrongInput(f"{one.run.name} has no belief to draw codes from; fit a variational method")


def measure(one: Loaded | Adopted, side: Side, samples: int, seed: int) -> dict[str, Any]:
    """Bounds in nats a frame: the mean over test episodes, with a 95 % interval over these."""
    assert isinstance(one, Loaded) and isinstance(one.config, AutoencoderConfig)
    rows = side.rows[np.linspace(0, len(side.rows) - 1, min(len(side.rows), FRAMES)).round().astype(int)]
    term = parse(one.config.reconstruction).build(Materials(feature_networks(QUIET), side.data.pixels))
    model = Likelihood(one.representation, term)
    generator = torch_generator(seed, "likelihood")
    parts = [
        model.bounds(to_frames(side.data.pixels[rows[start : start + BATCH]]), samples, generator)
        for start in range(0, len(rows), BATCH)
    ]
    elbo, bound = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    episodes = side.data.episode_of[rows]
    return {
        "samples": samples,
        "frames": len(rows),
        "elbo": _over_episodes(elbo, episodes),
        "bound": _over_episodes(bound, episodes),
    }


def _over_episodes(values: np.ndarray, episodes: np.ndarray) -> dict[str, Any]:
    means = [float(values[episodes == episode].mean()) for episode in np.unique(episodes)]
    low, high = student_interval(means)
    return {"mean": float(np.mean(means)), "interval": [low, high] if len(means) > 1 else None}
