"""Sequences: stretches of coded episodes for what learns from time, the same ones whenever asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64

from reverie.core.config import Config
from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.world_model import Sequences, encode_actions
from reverie.data.store import DataSet


@dataclass(frozen=True, kw_only=True)
class Stretch(Config):
    """How stretches are cut out of episodes."""

    window: int = 128
    """Steps of a stretch, those that warm up the hidden state included."""
    burn_in: int = 12
    """Steps before the first scored one, where a stretch begins in the middle of an episode."""
    from_start: float = 0.25
    """Part of the stretches that begin with the episode, where nothing has to be warmed up."""

    def __post_init__(self) -> None:
        """Refuse stretches of nothing."""
        self.check_positive("window")
        self.check_not_negative("burn_in")
        if self.burn_in >= self.window:
            raise WrongInput(f"burn_in must be below window {self.window}, got {self.burn_in}")
        if not 0 <= self.from_start <= 1:
            raise WrongInput(f"from_start must lie in [0, 1], got {self.from_start}")


@dataclass(frozen=True)
class CodedEpisodes:
    """Some episodes side by side: beliefs about the codes of their frames, and what was done and gained.

    A row is a frame; the action, reward and end in it are those of the step that follows, and mean nothing in
    the last row of an episode.
    """

    mean: Float32[np.ndarray, "row code"]
    deviation: Float32[np.ndarray, "row code"]
    actions: Float32[np.ndarray, "row action"]
    rewards: Float32[np.ndarray, " row"]
    ends: Float32[np.ndarray, " row"]
    visible: Bool[np.ndarray, " row"]
    lengths: Int64[np.ndarray, " episode"]
    """Steps of each episode: one less than its rows."""

    @cached_property
    def first(self) -> Int64[np.ndarray, " episode"]:
        """The row of each episode's first frame."""
        return np.concatenate(([0], np.cumsum(self.lengths + 1)[:-1])).astype(np.int64)

    @property
    def steps(self) -> int:
        """Steps of all episodes."""
        return int(self.lengths.sum())

    def cut(
        self,
        begins: Int64[np.ndarray, " stretch"],
        ends: Int64[np.ndarray, " stretch"],
        scored_from: Int64[np.ndarray, " stretch"],
    ) -> Sequences:
        """The stretches of steps from row `begins` to before row `ends`, scored from row `scored_from` on.

        The caller sees to it that none leaves its episode.
        """
        size = int((ends - begins).max())
        rows = begins[:, None] + np.arange(size + 1)
        real = rows[:, :-1] < ends[:, None]
        rows = np.minimum(rows, ends[:, None])
        before = rows[:, :-1]
        return Sequences(
            mean=torch.from_numpy(self.mean[rows]),
            deviation=torch.from_numpy(self.deviation[rows]),
            actions=torch.from_numpy(self.actions[before]),
            rewards=torch.from_numpy(self.rewards[before]),
            ends=torch.from_numpy(np.where(real, self.ends[before], 0.0).astype(np.float32)),
            real=torch.from_numpy(real),
            scored=torch.from_numpy(real & (before >= scored_from[:, None])),
            seen=torch.from_numpy(real & self.visible[rows[:, 1:]]),
        )


def coded_episodes(
    data: DataSet,
    episodes: Int64[np.ndarray, " episode"],
    mean: Float32[np.ndarray, "frame code"],
    deviation: Float32[np.ndarray, "frame code"],
) -> CodedEpisodes:
    """Some episodes of a data set, with the beliefs about the codes of all its frames.

    Episodes without a step are left out; WrongInput when there are no others.
    """
    entries = [entry for index in episodes if (entry := data.manifest.episodes[index]).steps > 0]
    if not entries:
        raise WrongInput(f"{data.path} has no steps to learn from: its episodes are single frames")
    rows = np.concatenate([np.arange(entry.rows.start, entry.rows.stop) for entry in entries])
    lengths = np.array([entry.steps for entry in entries], dtype=np.int64)
    last = np.cumsum(lengths + 1) - 2  # the row of each episode's last step
    ends = np.zeros(len(rows), dtype=np.float32)
    ends[last] = [entry.ending == "terminated" for entry in entries]
    return CodedEpisodes(
        mean=mean[rows],
        deviation=deviation[rows],
        actions=encode_actions(data.manifest.action_space, data.actions[rows]).numpy(),
        rewards=data.rewards[rows],
        ends=ends,
        visible=data.visible[rows],
        lengths=lengths,
    )


def joined(parts: Sequence[CodedEpisodes]) -> CodedEpisodes:
    """The episodes of several recordings, one after the other."""
    names = [field.name for field in fields(CodedEpisodes)]
    return CodedEpisodes(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class RandomStretches:
    """Batches of random stretches; an epoch has about as many scored steps as there are."""

    episodes: CodedEpisodes
    stretch: Stretch
    batch_size: int
    seed: int

    def __len__(self) -> int:
        """Batches in an epoch."""
        scored = self.batch_size * (self.stretch.window - self.stretch.burn_in)
        return max(1, round(self.episodes.steps / scored))

    def epoch(self, index: int, start: int = 0) -> Iterator[Sequences]:
        """The batches of an epoch, from `start` on."""
        for batch in range(start, len(self)):
            yield self._draw(numpy_generator(self.seed, "stretches", index, batch))

    def _draw(self, generator: np.random.Generator) -> Sequences:
        stretch, count = self.stretch, self.batch_size
        ends_of = np.cumsum(self.episodes.lengths)
        steps = generator.integers(self.episodes.steps, size=count)
        episode = np.searchsorted(ends_of, steps, side="right")
        within = steps - (ends_of - self.episodes.lengths)[episode]
        within = np.where(generator.random(count) < stretch.from_start, 0, within)
        begin = np.maximum(within - stretch.burn_in, 0)
        end = np.minimum(begin + stretch.window, self.episodes.lengths[episode])
        first = self.episodes.first[episode]
        # Nothing needs to be warmed up where nothing came before.
        scored_from = np.where(begin == 0, 0, within)
        return self.episodes.cut(first + begin, first + end, first + scored_from)


@dataclass(frozen=True)
class AllStretches:
    """Batches that score every step of the episodes once, in order."""

    episodes: CodedEpisodes
    stretch: Stretch
    batch_size: int

    def __len__(self) -> int:
        """Batches in an epoch."""
        return (len(self._spans[0]) + self.batch_size - 1) // self.batch_size

    def epoch(self, index: int, start: int = 0) -> Iterator[Sequences]:
        """The batches, the same in every epoch."""
        for batch in range(start, len(self)):
            part = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
            yield self.episodes.cut(*(rows[part] for rows in self._spans))

    @cached_property
    def _spans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First row, end row and first scored row of every stretch."""
        step = self.stretch.window - self.stretch.burn_in
        found = [
            (first + max(begin - self.stretch.burn_in, 0), first + min(begin + step, length), first + begin)
            for first, length in zip(self.episodes.first, self.episodes.lengths, strict=True)
            for begin in range(0, length, step)
        ]
        begins, ends, scored = np.array(found, dtype=np.int64).T
        return begins, ends, scored
