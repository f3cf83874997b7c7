"""Stage: episodes to be stepped through one step at a time, dreamt or real, by who watches them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import UInt8

from reverie.core.errors import WrongInput
from reverie.core.seeds import numpy_generator
from reverie.core.world import ActionSpace, World
from reverie.core.world_model import Actor, encode_actions
from reverie.envs.dream import Moment
from reverie.envs.dream_chance import CHUNK, Chance
from reverie.envs.dream_rows import Dreamland

Frame = UInt8[np.ndarray, "height width channel"]


@dataclass(frozen=True)
class Beat:
    """What one step came to."""

    reward: float
    """In a dream, what the world model expects."""
    end_probability: float | None = None
    """How probable the world model held it that this step ends the episode; None where nobody says."""
    over: str = ""
    """Why the episode is over, in words; empty while it goes on."""


@runtime_checkable
class Stage(Protocol):
    """Where episodes are stepped through."""

    action_space: ActionSpace
    temperature: float | None
    """How far draws stray; None where nothing is dreamt. May be changed between two steps."""

    def begin(self) -> None:
        """Start the next episode."""
        ...

    def step(self, action: Any) -> Beat:
        """Take one action: an int, or float32 (action,)."""
        ...

    def advise(self) -> Any:
        """What the controller would do now; None where there is none."""
        ...

    def frame(self) -> Frame:
        """What is to be seen now, in grey or in colours."""
        ...

    def close(self) -> None:
        """Give back windows and memory."""
        ...


class DreamStage:
    """Dreams of a world model: episode n is the n-th dream that `DreamEnv` dreams at the same seed."""

    def __init__(self, land: Dreamland, seed: int, actor: Actor | None = None) -> None:
        """Raises WrongInput where nothing decodes frames."""
        if land.decode is None:
            raise WrongInput("this dream cannot be seen: its world model knows codes that nothing decodes")
        self._land, self._seed, self._actor, self._decode = land, seed, actor, land.decode
        self.action_space = land.action_space
        self.temperature: float | None = land.config.temperature
        self._chance = Chance(1, land.world_model.code_size)
        self._place = torch.zeros(1, dtype=torch.int64)
        self._dream, self._steps = -1, 0
        self._moment: Moment | None = None

    def begin(self) -> None:
        """Start the next dream, at a start drawn by chance."""
        self._dream, self._steps = self._dream + 1, 0
        starts = self._land.starts
        number = int(numpy_generator(self._seed, "start", self._dream).integers(len(starts)))
        start = starts.at(torch.tensor([number]))
        noise = self._chance.begin(self._seed, self._dream)
        self._moment = Moment(start.mean + start.deviation * noise, start.hidden)

    @torch.no_grad()
    def step(self, action: Any) -> Beat:
        """One step of the dream."""
        assert self._moment is not None and self.temperature is not None
        if self._steps % CHUNK == 0:
            self._chance.load(0, self._seed, self._dream, self._steps)
        chance = self._chance.at(self._steps, self._place)
        encoded = encode_actions(self.action_space, np.asarray(action)[None])
        hidden, prediction = self._land.world_model.step(self._moment.hidden, self._moment.code, encoded)
        self._moment = Moment(prediction.code.draw(chance.code, self.temperature), hidden)
        self._steps += 1
        ending = prediction.end_logit.sigmoid()
        over = "the world model ended it" if bool(chance.end < ending) else ""
        if not over and self._steps >= self._land.config.max_steps:
            over = f"cut off after {self._steps} steps"
        return Beat(float(prediction.reward), float(ending), over)

    @torch.no_grad()
    def advise(self) -> Any:
        """What the controller does in this moment."""
        if self._actor is None or self._moment is None:
            return None
        action = self._actor.act(self._moment.code, self._moment.hidden)[0]
        return int(action.argmax()) if self.action_space.count is not None else action.numpy()

    @torch.no_grad()
    def frame(self) -> Frame:
        """The code of this moment, decoded."""
        assert self._moment is not None
        frame = self._decode(self._moment.code)[0].clamp(0, 1).mul(255).round().byte()
        return frame.permute(1, 2, 0).contiguous().numpy()

    def close(self) -> None:
        """Nothing is held."""


class RealStage:
    """Episodes of an environment; episode n draws from a generator of its own."""

    temperature: float | None = None

    def __init__(self, make: Callable[[], World], seed: int, max_steps: int) -> None:
        self._world, self._seed, self._max_steps = make(), seed, max_steps
        self.action_space = self._world.action_space
        self._episode, self._steps = -1, 0

    def begin(self) -> None:
        """Start the next episode."""
        self._episode, self._steps = self._episode + 1, 0
        self._world.reset(numpy_generator(self._seed, "episode", self._episode))

    def step(self, action: Any) -> Beat:
        """One step of the environment."""
        result = self._world.step(action)
        self._steps += 1
        over = "terminated" if result.terminated else "truncated" if result.truncated else ""
        if not over and self._steps >= self._max_steps:
            over = f"cut off after {self._steps} steps"
        return Beat(result.reward, None, over)

    def advise(self) -> Any:
        """Nobody."""
        return None

    def frame(self) -> Frame:
        """What the environment shows."""
        return self._world.frame()

    def close(self) -> None:
        """Close the environment."""
        self._world.close()
