"""Pairs: frames of one world before and after one thing in the simulator's state was set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reverie.core.config import Config, to_json
from reverie.core.console import QUIET, Console
from reverie.core.episode import Episode
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.run import check_free
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace
from reverie.data.image_set import chunk_of, write_whole
from reverie.data.manifest import Manifest
from reverie.data.store import open_data
from reverie.envs.intervene import Intervention, Pair, intervention
from reverie.verbs.data import summary

TRIES = 100
"""Draws in a row that may change more than was asked for before it is given up."""


@dataclass(frozen=True, kw_only=True)
class PairsJob(Config):
    """What to intervene in."""

    env: str
    """Environment id: LunarLander-v3, or a game such as ALE/Pong-v5."""
    factor: str
    """What is set, by its name: x, y, vx, vy, angle, angular_velocity; or a byte of a game's memory."""
    count: int = 1000
    """Number of pairs."""
    size: int = 64
    """Side of the square frames in pixels; 0 keeps the environment's own size."""
    low: float | None = None
    """Lowest value that is set, in the factor's unit."""
    high: float | None = None
    """Highest value that is set, in the factor's unit."""
    followers: bool = False
    """Keep pairs in which a game changed other bytes along with the one that was set."""
    seed: int = 0
    """Everything random follows from it."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        self.check_positive("count")
        self.check_not_negative("seed")
        if (self.low is None) != (self.high is None):
            given, missing = ("low", "high") if self.high is None else ("high", "low")
            raise WrongInput(
                f"{given} {getattr(self, given):g} is given without {missing}; give both, or neither"
            )


def make_pairs(job: PairsJob, data: Path, console: Console = QUIET) -> dict[str, Any]:
    """Make a data set of pairs in a new folder; every pair is an episode of two frames.

    Returns what it holds. Raises WrongInput for what cannot be set, BrokeWhileWorking when a game never
    changes the factor alone.
    """
    check_free(data)
    between = None if job.low is None or job.high is None else (job.low, job.high)
    setter = intervention(job.env, job.size, job.factor, between)
    try:
        shape = setter.draw(numpy_generator(job.seed, "shape")).frames.shape[1:]
        manifest = Manifest(
            source={"set": {"word": "pairs", **to_json(job)}, "made_in": setter.world.description()},
            frame_shape=shape,
            action_space=ActionSpace(count=1),
            factors=setter.world.factors,
            chunk=chunk_of(shape),
            files={},
        )
        write_whole(data, manifest, _episodes(job, setter, console))
    finally:
        setter.world.close()
    return summary(open_data(data))


def _episodes(job: PairsJob, setter: Intervention, console: Console) -> Iterator[Episode]:
    index = [factor.name for factor in setter.world.factors].index(job.factor)
    with console.track(f"pairs of {job.env}", job.count) as tracker:
        for number in range(job.count):
            pair = _drawn(job, setter, index, number)
            yield Episode(
                rewards=np.zeros(1, dtype=np.float32),
                frames=pair.frames,
                actions=np.zeros(1, dtype=np.int64),
                ending="unfinished",
                factors=pair.truth,
                visible=pair.visible,
            )
            tracker.advance()


def _drawn(job: PairsJob, setter: Intervention, index: int, number: int) -> Pair:
    """A pair in which the factor differs and, unless followers may, nothing else."""
    others: set[str] = set()
    for attempt in range(TRIES):
        pair = setter.draw(numpy_generator(job.seed, "pair", number, attempt))
        differing = np.flatnonzero(pair.truth[0] != pair.truth[1]).tolist()
        if index in differing and (job.followers or differing == [index]):
            return pair
        others |= {setter.world.factors[other].name for other in differing if other != index}
    if not others:
        raise BrokeWhileWorking(f"{job.factor} of {job.env} is what it was after {TRIES} times it was set")
    raise BrokeWhileWorking(
        f"{job.factor} of {job.env} never changed alone in {TRIES} draws, but with "
        f"{', '.join(sorted(others)[:5])}; keep such pairs with --followers, or choose other bounds"
    )
