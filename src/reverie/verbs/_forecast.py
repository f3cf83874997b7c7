"""Forecast: how well a world model knows what comes next, beside those who know less."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.core.seeds import torch_generator
from reverie.core.world_model import Prediction, Sequences, WorldModel
from reverie.data.sequences import AllStretches, CodedEpisodes, Stretch
from reverie.ops.events import event_scores

HORIZONS = (1, 2, 4, 8, 16, 32, 64)
"""Steps after which an open loop is compared with what happened."""

WARM_UP = 16
"""Recorded steps before an open loop begins."""

OPEN_LOOPS = 512
"""Most open loops that are run."""

BATCH = 64


@torch.no_grad()
def forecast(
    model: WorldModel,
    untrained: WorldModel,
    training: CodedEpisodes,
    held_out: CodedEpisodes,
    *,
    stretch: Stretch,
) -> dict[str, Any]:
    """Nats per unit of held-out codes, beside baselines; reward and end; open loops by horizon.

    `previous_code` is a normal around the code before, with a deviation per unit fitted on the training
    episodes; `no_memory` one around the mean code. Codes are drawn from their beliefs, alike for all.
    """
    nats = {"trained": _Score(), "untrained": _Score(), "previous_code": _Score(), "no_memory": _Score()}
    still, centre = _fitted(training, stretch)
    ends, logits, rewards, expected = [], [], [], []
    for batch, codes in _drawn(held_out, stretch):
        known = batch.scored & batch.seen
        prediction = _follow(model, batch, codes)
        nats["trained"].add(-prediction.code.log_prob(codes[:, 1:])[known] / model.code_size)
        other = _follow(untrained, batch, codes)
        nats["untrained"].add(-other.code.log_prob(codes[:, 1:])[known] / model.code_size)
        nats["previous_code"].add(still(codes[:, 1:] - codes[:, :-1])[known])
        nats["no_memory"].add(centre(codes[:, 1:])[known])
        ends.append(batch.ends[batch.scored])
        logits.append(prediction.end_logit[batch.scored])
        rewards.append(batch.rewards[batch.scored])
        expected.append(prediction.reward[batch.scored])
    return {
        "nats_per_unit": {name: score.mean() for name, score in nats.items()},
        "reward": _reward(torch.cat(rewards), torch.cat(expected)),
        "end": event_scores(torch.cat(ends).numpy(), torch.cat(logits).numpy()),
        "open_loop": open_loop(model, held_out),
    }


@torch.no_grad()
def open_loop(model: WorldModel, episodes: CodedEpisodes) -> dict[str, Any]:
    """Distance of dreamed codes from real ones by horizon, under the recorded actions.

    Root mean square over units, each in units of its deviation over the recordings; beside it that of the
    last code seen, drawn like the others (`frozen`), and that of codes from anywhere (`unrelated`, the
    square root of 2).
    """
    deviation = torch.from_numpy(episodes.mean.std(0)).clamp_min(1e-6)
    long = np.flatnonzero(episodes.lengths >= WARM_UP + 1)
    if not len(long):
        return {"horizons": [], "dreamed": [], "frozen": [], "unrelated": math.sqrt(2.0)}
    chosen = long[np.arange(min(OPEN_LOOPS, 4 * len(long))) % len(long)]
    room = episodes.lengths[chosen] - WARM_UP
    # Spread over each episode: the first from its beginning, the others later.
    turn = np.arange(len(chosen)) // len(long)
    begin = np.where(room > 1, (turn * room) // 4, 0)
    end = np.minimum(begin + WARM_UP + max(HORIZONS), episodes.lengths[chosen])
    first = episodes.first[chosen]
    batch = episodes.cut(first + begin, first + end, first + begin)
    generator = torch_generator(0, "open loop")
    codes = batch.codes(generator)
    hidden, _ = model.follow(model.initial(len(batch)), codes[:, :WARM_UP], batch.actions[:, :WARM_UP])
    code, dreamed, frozen, horizons = codes[:, WARM_UP], [], [], []
    for step in range(WARM_UP, batch.actions.shape[1]):
        hidden, prediction = model.step(hidden, code, batch.actions[:, step])
        code = prediction.code.sample(generator)
        horizon, there = step - WARM_UP + 1, batch.real[:, step] & batch.seen[:, step]
        if horizon in HORIZONS and there.any():
            truth = batch.mean[there, step + 1]
            horizons.append(horizon)
            dreamed.append(_distance(code[there], truth, deviation))
            frozen.append(_distance(codes[there, WARM_UP], truth, deviation))
    return {"horizons": horizons, "dreamed": dreamed, "frozen": frozen, "unrelated": math.sqrt(2.0)}


class _Score:
    """A mean over rows that come in batches."""

    def __init__(self) -> None:
        self._sum, self._count = 0.0, 0

    def add(self, values: Float[Tensor, " row"]) -> None:
        self._sum += float(values.double().sum())
        self._count += len(values)

    def mean(self) -> float | None:
        return self._sum / self._count if self._count else None


def _drawn(episodes: CodedEpisodes, stretch: Stretch) -> Iterator[tuple[Sequences, Tensor]]:
    generator = torch_generator(0, "forecast")
    for batch in AllStretches(episodes, stretch, BATCH).epoch(0):
        yield batch, batch.codes(generator)


def _follow(model: WorldModel, batch: Sequences, codes: Tensor) -> Prediction:
    return model.follow(model.initial(len(batch)), codes[:, :-1], batch.actions)[1]


Density = Callable[[Float[Tensor, "batch steps code"]], Float[Tensor, "batch steps"]]


def _fitted(training: CodedEpisodes, stretch: Stretch) -> tuple[Density, Density]:
    """Normals of what changes between frames, and of the codes themselves: minus log-density per unit."""
    units, count = training.mean.shape[1], 0
    change, total, squares = (torch.zeros(units, dtype=torch.float64) for _ in range(3))
    for batch, codes in _drawn(training, stretch):
        known = batch.scored & batch.seen
        after, before = codes[:, 1:][known].double(), codes[:, :-1][known].double()
        count += len(after)
        change += (after - before).square().sum(0)
        total += after.sum(0)
        squares += after.square().sum(0)
    mean = total / max(count, 1)
    spread = (squares / max(count, 1) - mean.square()).clamp_min(0.0).sqrt()
    still = (change / max(count, 1)).sqrt()
    return _normal(torch.zeros(units), still.float()), _normal(mean.float(), spread.float())


def _normal(location: Tensor, deviation: Tensor) -> Density:
    normal = torch.distributions.Normal(location, deviation.clamp_min(1e-6))
    return lambda values: -normal.log_prob(values).mean(-1)


def _distance(codes: Tensor, truth: Tensor, deviation: Tensor) -> float:
    return float(((codes - truth) / deviation).square().mean().sqrt())


def _reward(rewards: Float[Tensor, " step"], expected: Float[Tensor, " step"]) -> dict[str, Any]:
    variance = float(rewards.double().var(correction=0))
    error = float((rewards - expected).double().square().mean())
    return {"variance": variance, "squared_error": error, "r2": 1.0 - error / variance if variance else None}
