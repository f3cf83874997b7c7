"""Real worlds as a world model's agent sees them: codes of frames, and what is remembered of those before.

Many worlds take their steps side by side, so that their frames are encoded in one batch, and remembered in
one step of the world model. Chance of an episode follows from a generator of its own: who plays beside it
changes its numbers only as far as sums of floats depend on the size of a batch. Where an action is chosen by
a small margin even that can change an episode, so that the same groups of episodes give the same scores, and
other groups similar ones.

Shuffled codes are real codes that have nothing to do with the world they are shown in: each world left sees
what the next one sees at the same step, the last what the first sees. So they move as real codes do, and who
acts and what it remembers get them alike. A world that is left alone sees random moments of its own episode.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

from reverie.core.posterior import DiagonalGaussian, Posterior
from reverie.core.representation import Representation
from reverie.core.world import ActionSpace
from reverie.core.world_model import Hidden, WorldModel

Frame = UInt8[np.ndarray, "height width channel"]


@dataclass(frozen=True)
class Sight:
    """Through what worlds are seen."""

    representation: Representation
    world_model: WorldModel
    codes: Literal["drawn", "mean"] = "drawn"
    """Drawn from the belief about a frame, as the world model learnt, or its mean."""
    shown: Literal["own", "shuffled", "none"] = "own"
    """Each world's own codes; shuffled, so that each world is shown those of its neighbour; or zeros for who
    acts, while the world model sees its own."""
    remembers: bool = True
    """Whether who acts knows what the world model remembers; else what is known before a first frame."""
    view: Callable[[Frame], Frame] | None = None
    """What becomes of a frame before it is encoded; it stays as it is, if not given."""


@dataclass(frozen=True)
class Instant:
    """What an agent knows of some worlds: the same as in a dream."""

    code: Float[Tensor, "world code"]
    hidden: Hidden


class CodedWorlds:
    """Episodes of several worlds in lockstep; those that are over are left out by `keep`."""

    def __init__(self, sight: Sight, noise: Sequence[np.random.Generator]) -> None:
        """One generator for each episode, which draws its codes."""
        self._sight, self._noise = sight, list(noise)
        self._hidden = sight.world_model.initial(len(self._noise))
        self._seen: list[Float[Tensor, "world code"]] = []
        """Codes of all moments so far, where one of them may be shown again to a world left alone."""

    @torch.no_grad()
    def see(self, frames: Sequence[Frame]) -> Instant:
        """What is known when these frames are seen, one for each world that is left."""
        view = self._sight.view
        pixels = np.stack(list(frames) if view is None else [view(frame) for frame in frames])
        whole = rearrange(torch.from_numpy(pixels), "world row column channel -> world channel row column")
        code = self._draw(self._sight.representation.encode(whole.to(torch.float32) / 255.0))
        if self._sight.shown == "shuffled":
            self._seen.append(code)
            code = code.roll(-1, 0) if len(code) > 1 else self._some_moment()
        return Instant(code, self._hidden)

    @torch.no_grad()
    def known(self, instant: Instant) -> Instant:
        """The part of it that who acts is told."""
        code = torch.zeros_like(instant.code) if self._sight.shown == "none" else instant.code
        forgotten = self._sight.world_model.initial(len(code))
        return Instant(code, instant.hidden if self._sight.remembers else forgotten)

    @torch.no_grad()
    def remember(self, instant: Instant, actions: Float[Tensor, "world action"]) -> None:
        """Take note of what was seen and of the encoded actions taken there."""
        self._hidden, _ = self._sight.world_model.step(instant.hidden, instant.code, actions)

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with some of the worlds."""
        chosen = torch.tensor(rows, dtype=torch.int64)
        self._noise = [self._noise[row] for row in rows]
        self._hidden = tuple(part[chosen] for part in self._hidden)
        self._seen = [code[chosen] for code in self._seen]

    def _draw(self, belief: Posterior) -> Float[Tensor, "world code"]:
        mean = belief.mean.flatten(1)
        if self._sight.codes == "mean" or not isinstance(belief, DiagonalGaussian):
            return mean
        unit = np.stack([noise.standard_normal(mean.shape[1], np.float32) for noise in self._noise])
        return mean + torch.exp(0.5 * belief.log_variance).flatten(1) * torch.from_numpy(unit)

    def _some_moment(self) -> Float[Tensor, "world code"]:
        """The code of a random moment so far of the one world left."""
        return self._seen[int(self._noise[0].integers(len(self._seen)))]


def decode_actions(space: ActionSpace, actions: Float[Tensor, "world action"]) -> list[Any]:
    """Encoded actions as worlds take them: numbers of discrete actions, or what lies in the box."""
    if space.count is not None:
        return actions.argmax(1).tolist()
    return list(np.clip(actions.numpy(), space.low, space.high))
