"""Dreams side by side, each with its own seed and clock: what the two Gymnasium faces of a dream share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64, UInt8
from torch import Tensor

from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace
from reverie.core.world_model import Starts, WorldModel, action_size, encode_actions
from reverie.envs.dream import DreamConfig, Moment, advance, checked
from reverie.envs.dream_chance import CHUNK, Chance

Sight = Literal["z", "zh", "zhc"]
"""What is seen: the code alone, with the first tensor of the hidden state, or with all of it."""


@dataclass(frozen=True, kw_only=True)
class Dreamland:
    """Everything that a dream needs to know of its world."""

    world_model: WorldModel
    starts: Starts
    action_space: ActionSpace
    config: DreamConfig = field(default_factory=DreamConfig)
    sight: Sight = "z"
    """What an observation holds: "z" (code), "zh" (code, h), "zhc" (code and all that is remembered)."""
    decode: Callable[[Float[Tensor, "batch code"]], Tensor] | None = None
    """Frames of codes, in [0, 1], channel second; only what is rendered is decoded."""

    def __post_init__(self) -> None:
        """Refuse actions and starts that do not fit the world model."""
        model, size = self.world_model, action_size(self.action_space)
        if size != model.action_size:
            raise WrongInput(f"these actions have {size} numbers, the world model takes {model.action_size}")
        if len(self.starts) == 0:
            raise WrongInput("a dream needs a place to start, got 0 starts")

    @property
    def seen(self) -> int:
        """How many tensors of the hidden state are seen."""
        return {"z": 0, "zh": 1, "zhc": len(self.world_model.hidden_sizes)}[self.sight]

    @property
    def observation_size(self) -> int:
        """Numbers in an observation."""
        return self.world_model.code_size + sum(self.world_model.hidden_sizes[: self.seen])


class DreamRows:
    """Dreams side by side; row i is the dream `numbers[i]` of seed `seeds[i]`, whatever its neighbours do."""

    def __init__(self, land: Dreamland, count: int) -> None:
        self._land, self._count = land, count
        model, device = land.world_model, land.starts.mean.device
        hidden = tuple(torch.zeros(count, width, device=device) for width in model.hidden_sizes)
        self._moment = Moment(torch.zeros(count, model.code_size, device=device), hidden)
        self._chance = Chance(count, model.code_size, device)
        self._steps: Int64[Tensor, " row"] = torch.zeros(count, dtype=torch.int64, device=device)
        self._places = torch.arange(count, device=device)
        self._seeds, self._numbers = [-1] * count, [0] * count
        self.over: Bool[np.ndarray, " row"] = np.ones(count, bool)
        """Which rows must be restarted before they go on."""

    def restart(self, row: int, seed: int | None = None, start: int | None = None) -> None:
        """Begin the next dream of a row, or the first of a new seed; at a start drawn by chance, or given.

        Raises WrongInput for a start that is not there.
        """
        land = self._land
        self._numbers[row] = 0 if seed is not None else self._numbers[row] + 1
        self._seeds[row] = self._seeds[row] if seed is None else seed
        seed, number = self._seeds[row], self._numbers[row]
        if start is None:
            start = int(numpy_generator(seed, "start", number).integers(len(land.starts)))
        if not 0 <= start < len(land.starts):
            raise WrongInput(f"there is no start {start}; the starts are 0 to {len(land.starts) - 1}")
        noise = self._chance.begin(seed, number)
        self._moment.code[row] = land.starts.mean[start] + land.starts.deviation[start] * noise
        for part, begun in zip(self._moment.hidden, land.starts.hidden, strict=True):
            part[row] = begun[start]
        self._chance.load(row, seed, number, 0)
        self._steps[row], self.over[row] = 0, False

    @torch.no_grad()
    def step(
        self, actions: np.ndarray
    ) -> tuple[Float32[np.ndarray, " row"], Bool[np.ndarray, " row"], Bool[np.ndarray, " row"]]:
        """Rewards, and which rows were ended by the world model, and which were cut off at the last step."""
        land, model = self._land, self._land.world_model
        encoded = self._encoded(actions).to(self._steps.device)
        chance = self._chance.at(self._steps, self._places)
        self._moment, reward, ended = advance(
            model, self._moment, encoded, chance=chance, temperature=land.config.temperature
        )
        self._steps += 1
        for row in (self._steps % CHUNK == 0).nonzero()[:, 0].tolist():
            self._chance.load(row, self._seeds[row], self._numbers[row], int(self._steps[row]))
        cut = ~ended & (self._steps >= land.config.max_steps)
        self.over = (ended | cut).cpu().numpy()
        return reward.cpu().numpy(), ended.cpu().numpy(), cut.cpu().numpy()

    def observe(self) -> Float32[np.ndarray, "row number"]:
        """What is seen of each row now, in an array of its own."""
        seen = (self._moment.code, *self._moment.hidden[: self._land.seen])
        return torch.cat(seen, dim=1).cpu().numpy()

    @torch.no_grad()
    def frames(self) -> UInt8[np.ndarray, "row height width channel"]:
        """What each row looks like now. Raises WrongInput where nothing decodes."""
        if self._land.decode is None:
            raise WrongInput("this dream cannot be seen: it was made without a decoder; give it decode=...")
        frames = self._land.decode(self._moment.code).clamp(0, 1).mul(255).round().byte()
        return frames.permute(0, 2, 3, 1).cpu().numpy()

    def _encoded(self, actions: Any) -> Float[Tensor, "row action"]:
        space, given = self._land.action_space, np.asarray(actions)
        if space.count is not None:
            whole = given.shape == (self._count,) and np.issubdtype(given.dtype, np.integer)
            if not whole or (given < 0).any() or (given >= space.count).any():
                raise WrongInput(
                    f"actions must be whole numbers from 0 to {space.count - 1}, got {given.tolist()!r}"
                )
            return encode_actions(space, given)
        assert space.low is not None and space.high is not None
        encoded = encode_actions(space, given.reshape(len(given), -1))
        # Clipped as the games clip: M has learnt from nothing else.
        low, high = (encode_actions(space, bound.reshape(1, -1)) for bound in (space.low, space.high))
        return checked(encoded, self._count, action_size(space)).clamp(low, high)
