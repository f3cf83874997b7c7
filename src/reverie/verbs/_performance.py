"""Performances: episodes of an environment under what is evaluated, a group at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Literal

import numpy as np

from reverie.agents._words import policy_of
from reverie.core.config import Config
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.seeds import numpy_generator
from reverie.engine.outcome import Outcome, play
from reverie.envs.make import WorldConfig, make_unseen_world, make_world
from reverie.reports import video

LONGEST_FILM = 400
"""Most pictures of a video; of longer episodes every so many-th step is shown."""
RATE = 30.0
"""Steps a second that a video shows."""

Ablation = Literal["none", "shuffled-codes", "no-codes", "no-memory", "untrained-model", "changed-colours"]
Group = Callable[[int], Sequence[Outcome]]


@dataclass(frozen=True, kw_only=True)
class EvaluateJob(Config):
    """Who plays which episodes."""

    subject: str
    """A run of `reverie train`, or a policy: random, held:1-60, still, periodic:left:130+right:130@65."""
    env: str = ""
    """Environment id; a run takes that of its recordings, if none is given."""
    episodes: int = 100
    """Number of episodes."""
    seed: int = 1000
    """Seed of the episodes: none that a run learnt from."""
    max_steps: int = 30_000
    """Longest episode; a longer one is cut off here."""
    frame_skip: int = 1
    """Steps that every action of a policy lasts; a run keeps to its recordings."""
    options: dict[str, Any] = field(default_factory=dict)
    """Arguments of a policy's environment; a run keeps to its recordings."""
    video: Literal["gif", "mp4", "none"] = "gif"
    """Show the first and the worst episode: as GIF, as MP4 too, or not at all."""

    codes: Literal["drawn", "mean"] = "drawn"
    """Codes that a run sees: drawn from the belief about a frame, as it learnt, or the belief's mean."""
    ablation: Ablation = "none"
    """What is taken from a run: shuffled-codes shows an episode the codes of the one beside it, in sight
    and in memory; no-codes hides them from the controller; no-memory leaves it codes alone, its hidden
    state at zero; untrained-model remembers by first weights; changed-colours swaps red and blue."""
    together: int = 16
    """Episodes of a run that are played side by side; another number may change the last bits,
    and whose codes are shown when they are shuffled."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        for name in ("episodes", "max_steps", "together"):
            if getattr(self, name) < 1:
                raise WrongInput(f"{name} must be 1 or more, got {getattr(self, name)}")
        self.check_not_negative("seed")
        self.world(64)

    def world(self, size: int) -> WorldConfig:
        """How the world of a policy is looked at, where it is."""
        return WorldConfig(size=size, frame_skip=self.frame_skip, options=self.options)


def blind(job: EvaluateJob, worker: int) -> Group:
    """What a worker does for a policy, which acts blind: play the episode of a number, undrawn."""
    world = make_unseen_world(job.env, job.world(64))
    policy = policy_of(job.subject).build(world.action_space)

    def work(episode: int) -> list[Outcome]:
        try:
            return [play(world, policy, numpy_generator(job.seed, "episode", episode), job.max_steps)]
        except BrokeWhileWorking as error:
            raise BrokeWhileWorking(f"{job.env}, episode {episode}, {error}") from error

    return work


@dataclass(frozen=True)
class Scene:
    """An episode to show: in which world, and what was done in it."""

    world: WorldConfig
    episode: int
    actions: np.ndarray


def write_film(file: Path, job: EvaluateJob, scene: Scene) -> list[str]:
    """Play an episode again and write what was to be seen; names of the files, which begin like `file`."""
    episode, actions = scene.episode, scene.actions
    stride = ceil(len(actions) / LONGEST_FILM)
    world = make_world(job.env, scene.world)
    try:
        world.reset(numpy_generator(job.seed, "episode", episode))
        frames = [world.frame()]
        for step, action in enumerate(actions, start=1):
            world.step(action)
            if step % stride == 0 or step == len(actions):
                frames.append(world.frame())
    finally:
        world.close()
    kinds = {".gif": video.write_gif} | ({".mp4": video.write_mp4} if job.video == "mp4" else {})
    for ending, write in kinds.items():
        write(file.with_suffix(ending), frames, RATE / stride)
    return [file.with_suffix(ending).name for ending in kinds]
