"""Linear controller on what a world model knows, its weights searched for by CMA-ES.

Actions of a box are squashed by tanh and stretched to its bounds. Of discrete actions the one with the
largest output is taken, or, among three, one output chooses by thresholds at a third, as the original does.

Source: Ha & Schmidhuber 2018, "Recurrent World Models Facilitate Policy Evolution", and its released code.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import one_hot

from reverie.agents._cma import FEWEST, CMASearcher
from reverie.core.errors import WrongInput
from reverie.core.searcher import ControllerConfig
from reverie.core.world import ActionSpace

THIRD = 1 / 3
PEDALS = ((-1, 0, 0), (1, 1, 1))
"""Bounds of steering, gas and brake, as CarRacing has them."""

Layer = tuple[Tensor, Tensor | None]
"""Weights (row, output, input) and biases (row, output) of one layer."""


@dataclass(frozen=True, kw_only=True)
class LinearCMAConfig(ControllerConfig):
    """Linear controller, or one with a hidden layer, and the search for its weights."""

    inputs: Literal["z", "zh", "zhc"] = "zh"
    """What it sees: the code z; with what M remembers, h; with an LSTM's cells too, zhc."""
    hidden: int = 0
    """Units of a tanh layer in between; 0 is none: the controller is linear."""
    bias: bool = True
    """Whether outputs have a bias."""
    choice: Literal["argmax", "threshold"] = "argmax"
    """How one of several actions is chosen: by the largest of as many outputs, or by one output."""
    order: tuple[int, int, int] = (1, 0, 2)
    """With `threshold`: the actions below -1/3, in between, and above 1/3; Doom's 0 is to stay."""
    cells: float = 5.0
    """Largest absolute value of an LSTM's cell that is seen; larger ones are cut."""
    population: int = 64
    """Candidates of a generation."""
    sigma: float = 0.1
    """Step size at the start."""
    decay: float = 0.0
    """What the mean squared weight costs, in units of the score."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        self.check_positive("cells", "sigma")
        self.check_not_negative("hidden", "decay")
        if self.population < FEWEST:
            raise WrongInput(f"population must be {FEWEST} or more, got {self.population}")
        if self.choice == "threshold" and sorted(self.order) != [0, 1, 2]:
            raise WrongInput(f"order must name the actions 0, 1 and 2 once each, got {self.order}")

    def build(
        self, action_space: ActionSpace, code_size: int, hidden_sizes: tuple[int, ...]
    ) -> "LinearControllers":
        """Controllers for these actions, on what a world model with these sizes knows.

        Raises WrongInput when the actions, or what it wants to see, do not fit.
        """
        parts = len(self.inputs) - 1
        if len(hidden_sizes) < parts:
            held = len(hidden_sizes)
            raise WrongInput(
                f"inputs {self.inputs!r} needs {parts} tensors that the world model remembers, it has "
                f"{held}; choose {'zhc'[: held + 1]!r}"
            )
        outputs = self._outputs(action_space)
        seen = code_size + sum(hidden_sizes[:parts])
        sizes = (seen, self.hidden, outputs) if self.hidden else (seen, outputs)
        return LinearControllers(self, action_space, sizes)

    def searcher(self, size: int, start: Float[Tensor, " parameter"] | None = None) -> CMASearcher:
        """A new search among controllers with so many parameters, from zero if not from `start`."""
        begin = np.zeros(size) if start is None else start.double().numpy()
        return CMASearcher(begin, population=self.population, sigma=self.sigma, decay=self.decay)

    def _outputs(self, space: ActionSpace) -> int:
        if self.choice == "threshold":
            if space.count != 3:
                given = f"a box of {_width(space)}" if space.count is None else f"{space.count}"
                raise WrongInput(f"choice 'threshold' needs 3 discrete actions, got {given}; choose 'argmax'")
            return 1
        if space.count is not None:
            return space.count
        assert space.low is not None and space.high is not None
        if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
            raise WrongInput(f"the actions have no bounds to stretch to: {space.low} to {space.high}")
        return space.low.size


def _width(space: ActionSpace) -> int:
    assert space.low is not None
    return space.low.size


@dataclass(frozen=True)
class LinearControllers:
    """All controllers of one form; a vector holds the weights, then the biases, of each layer in turn."""

    config: LinearCMAConfig
    action_space: ActionSpace
    sizes: tuple[int, ...]
    """Width of what is seen, of the hidden layer if there is one, and of the output."""

    @property
    def size(self) -> int:
        """Parameters of one controller."""
        return sum((wide + self.config.bias) * high for wide, high in pairwise(self.sizes))

    def layers(self, candidates: Float[Tensor, "candidate parameter"]) -> list[Layer]:
        """Weights and biases of each layer, for every candidate.

        Raises WrongInput for candidates of another size.
        """
        if candidates.shape[1] != self.size:
            raise WrongInput(
                f"a controller with {candidates.shape[1]} parameters does not fit here, where it has "
                f"{self.size}; it was made for other codes, actions or inputs"
            )
        found, start = [], 0
        for wide, high in pairwise(self.sizes):
            middle = start + wide * high
            end = middle + high * self.config.bias
            weights = candidates[:, start:middle].view(len(candidates), high, wide)
            found.append((weights, candidates[:, middle:end] if self.config.bias else None))
            start = end
        return found

    def vector(self, layers: list[Layer]) -> Float[Tensor, "candidate parameter"]:
        """The vectors of which `layers` makes these layers."""
        parts = [part.flatten(1) for layer in layers for part in layer if part is not None]
        return torch.cat(parts, 1)

    def actor(self, candidates: Float[Tensor, "candidate parameter"], rollouts: int) -> "LinearActor":
        """All candidates at once: row r is moved by candidate r // rollouts."""
        mover = torch.arange(len(candidates), device=candidates.device).repeat_interleave(rollouts)
        return LinearActor(self, tuple(self.layers(candidates.float())), mover)


@dataclass(frozen=True)
class LinearActor:
    """Controllers at work, many rows at once."""

    controllers: LinearControllers
    layers: tuple[Layer, ...]
    """Of the candidates that are still here."""
    mover: Int64[Tensor, " row"]
    """Which of them moves each row."""

    def keep(self, rows: Int64[Tensor, " kept"]) -> "LinearActor":
        """The same for some of the rows."""
        present, mover = self.mover[rows].unique(return_inverse=True)
        layers = tuple((w[present], None if b is None else b[present]) for w, b in self.layers)
        return replace(self, layers=layers, mover=mover)

    def act(
        self, code: Float[Tensor, "batch code"], hidden: tuple[Float[Tensor, "batch hidden"], ...]
    ) -> Float[Tensor, "batch action"]:
        """An encoded action for each row."""
        config = self.controllers.config
        seen = [code, *hidden[: len(config.inputs) - 1]]
        if config.inputs == "zhc":
            seen[2] = seen[2].clamp(-config.cells, config.cells)
        out = torch.cat(seen, 1)
        for number, layer in enumerate(self.layers):
            out = self._through(layer, out.tanh() if number else out)
        return _action(out, config, self.controllers.action_space)

    def _through(self, layer: Layer, seen: Float[Tensor, "batch input"]) -> Float[Tensor, "batch output"]:
        """One layer: each row by the weights of its own controller."""
        weights, bias = layer
        # All controllers on all rows in one product, of which each row takes its own: with the dozen that
        # a tile holds, that is faster than a small product for every row.
        everyone = (seen @ weights.flatten(0, 1).T).unflatten(1, weights.shape[:2])
        own = everyone[torch.arange(len(seen), device=seen.device), self.mover]
        return own if bias is None else own + bias[self.mover]


def _action(
    out: Float[Tensor, "batch output"], config: LinearCMAConfig, space: ActionSpace
) -> Float[Tensor, "batch action"]:
    if config.choice == "threshold":
        lean = out[:, 0].tanh()
        place = (lean >= -THIRD).long() + (lean > THIRD).long()
        return one_hot(torch.tensor(config.order, device=out.device)[place], 3).float()
    if space.count is not None:
        return one_hot(out.argmax(1), space.count).float()
    assert space.low is not None and space.high is not None
    low, high = (torch.as_tensor(bound, device=out.device) for bound in (space.low, space.high))
    lean = out.tanh()
    action = low + (lean + 1) / 2 * (high - low)
    if (tuple(space.low), tuple(space.high)) == PEDALS:
        # The original cuts the brake at 0: with a stretched one an untrained car would stand half on it.
        action[:, 2] = lean[:, 2].clamp(0, 1)
    return action
