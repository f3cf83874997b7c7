"""WorldModel: what comes after a code and an action, and what it says, learns and dreams from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from reverie.core.config import Config
from reverie.core.representation import Player
from reverie.core.world import ActionSpace

Hidden = tuple[Float[Tensor, "batch hidden"], ...]
"""What a world model remembers: one tensor or more, batch first; (h, c) for an LSTM."""

Precision = Literal["float32", "bfloat16"]
"""Of the products of a step that is taken fast."""


@dataclass(frozen=True)
class Noise:
    """Chance of one step, drawn beforehand, so that the same chance can meet different actors."""

    choice: Float[Tensor, "*batch code"]
    """Uniform in [0, 1): from which part of a mixture a unit is drawn; a joint mixture reads unit 0."""
    spread: Float[Tensor, "*batch code"]
    """Standard normal: how far from that part's mean."""

    @staticmethod
    def like(codes: Float[Tensor, "*batch code"], generator: torch.Generator | None) -> "Noise":
        """Chance for codes of that shape, on their device."""
        choice = torch.empty_like(codes).uniform_(generator=generator)
        return Noise(choice, torch.empty_like(codes).normal_(generator=generator))


class Predictive(ABC):
    """Belief about the next code: draw it to dream, score it to learn."""

    @abstractmethod
    def draw(self, noise: Noise, temperature: float = 1.0) -> Float[Tensor, "*batch code"]:
        """The code that given chance leads to: the same noise and belief, the same code; row by row."""

    @abstractmethod
    def sample(
        self, generator: torch.Generator | None, temperature: float = 1.0
    ) -> Float[Tensor, "*batch code"]:
        """A code drawn for each row; a temperature above 1 spreads the draws, near 0 they are certain."""

    @abstractmethod
    def log_prob(self, codes: Float[Tensor, "*batch code"]) -> Float[Tensor, "*batch"]:
        """Log-density of each code at temperature 1, in nats, summed over units."""


@dataclass(frozen=True)
class Prediction:
    """What a world model expects of one step; leading axes are those of what it was asked about."""

    code: Predictive
    """The code of the next frame."""
    reward: Float[Tensor, "*batch"]
    """Expected reward of the step."""
    end_logit: Float[Tensor, "*batch"]
    """Log-odds that the step ends the episode; calibrated, whatever weight its learning had."""


class WorldModel(nn.Module, ABC):
    """Dynamics in code space: deterministic in what it remembers, all chance lies in the prediction."""

    code_size: int
    action_size: int
    hidden_sizes: tuple[int, ...]
    """Width of each tensor of the hidden state."""

    @abstractmethod
    def initial(self, batch: int) -> Hidden:
        """What is remembered before the first frame of an episode."""

    @abstractmethod
    def step(
        self, hidden: Hidden, code: Float[Tensor, "batch code"], action: Float[Tensor, "batch action"]
    ) -> tuple[Hidden, Prediction]:
        """What is remembered after seeing a code and taking an action there, and what comes of it."""

    @abstractmethod
    def follow(
        self,
        hidden: Hidden,
        codes: Float[Tensor, "batch steps code"],
        actions: Float[Tensor, "batch steps action"],
    ) -> tuple[Hidden, Prediction]:
        """The same as `step` along recorded steps, faster: the last hidden state, the predictions of all."""

    @abstractmethod
    def players(self) -> Sequence[Player]:
        """Who learns; batches are `Sequences`."""

    def quick(self, precision: Precision = "float32") -> "WorldModel":
        """What takes the same steps faster: exact up to rounding, or with products in bfloat16.

        It sees no later change of the weights, and does not learn. By default the world model itself.
        """
        return self


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a world model must know of the recordings before it is built: no choice of the user."""

    code_size: int
    action_size: int
    """Width of an encoded action (see `encode_actions`)."""
    reward_mean: float = 0.0
    reward_deviation: float = 1.0
    """Mean and standard deviation of the recorded rewards; 0 where they are all the same."""


@dataclass(frozen=True, kw_only=True)
class WorldModelConfig(Config, ABC):
    """What a user chooses of a world model; its file's name is its word."""

    @abstractmethod
    def build(self, surroundings: Surroundings) -> WorldModel:
        """The world model of codes and actions of these sizes."""


@dataclass(frozen=True)
class Sequences:
    """Recorded stretches of episodes, none longer than its episode, padded to the same length.

    A step saw the code at its index, took the action there, and led to the code at the next index.
    Codes are beliefs: they are drawn anew from `mean` and `deviation` whenever they are used.
    """

    actions: Float[Tensor, "batch steps action"]  # first, so that the shape checker knows `steps`
    mean: Float[Tensor, "batch steps+1 code"]
    deviation: Float[Tensor, "batch steps+1 code"]
    """Standard deviation of each belief; zeros for an encoder that is certain."""
    rewards: Float[Tensor, "batch steps"]
    ends: Float[Tensor, "batch steps"]
    """1 where the step terminated the episode; a time limit is no end."""
    real: Bool[Tensor, "batch steps"]
    """Which steps were recorded; the others pad."""
    scored: Bool[Tensor, "batch steps"]
    """Which real steps are to be predicted; the others only warm up the hidden state."""
    seen: Bool[Tensor, "batch steps"]
    """Whether the frame after the step shows the truth, so that its code can be learnt."""

    def __len__(self) -> int:
        """Number of stretches."""
        return len(self.mean)

    def to(self, device: str | torch.device, non_blocking: bool = False) -> "Sequences":
        """The same on a device."""
        moved = {f.name: getattr(self, f.name).to(device, non_blocking=non_blocking) for f in fields(self)}
        return replace(self, **moved)

    def codes(self, generator: torch.Generator | None) -> Float[Tensor, "batch frame code"]:
        """Codes drawn from the beliefs."""
        return self.mean + self.deviation * torch.empty_like(self.mean).normal_(generator=generator)


@dataclass(frozen=True)
class Starts:
    """Where dreams begin: beliefs about codes of real frames, and what was remembered when they were seen."""

    mean: Float[Tensor, "start code"]
    deviation: Float[Tensor, "start code"]
    hidden: tuple[Float[Tensor, "start hidden"], ...]

    def __len__(self) -> int:
        """Number of different starts."""
        return len(self.mean)

    def at(self, rows: Int64[Tensor, " chosen"]) -> "Starts":
        """Some of the starts, in that order; a row may come more than once."""
        return Starts(self.mean[rows], self.deviation[rows], tuple(part[rows] for part in self.hidden))


@runtime_checkable
class Actor(Protocol):
    """What acts on what a world model knows, many rows at once, in a dream or in front of real frames."""

    def act(
        self, code: Float[Tensor, "batch code"], hidden: tuple[Float[Tensor, "batch hidden"], ...]
    ) -> Float[Tensor, "batch action"]:
        """An encoded action for each row (see `encode_actions`)."""
        ...

    def keep(self, rows: Int64[Tensor, " kept"]) -> "Actor":
        """The same for some of the rows, when the episodes of the others are over."""
        ...


def action_size(space: ActionSpace) -> int:
    """Width of an encoded action: the number of discrete actions, or of the numbers in a box."""
    if space.count is not None:
        return space.count
    assert space.low is not None
    return space.low.size


def encode_actions(space: ActionSpace, actions: np.ndarray) -> Float[Tensor, "*batch action"]:
    """Actions as networks see them: one-hot where they are discrete, as they are where they are numbers."""
    if space.count is None:
        return torch.from_numpy(np.ascontiguousarray(actions, dtype=np.float32))
    return nn.functional.one_hot(torch.from_numpy(np.asarray(actions, np.int64)), space.count).float()
