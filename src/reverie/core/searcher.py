"""Searcher: what proposes parameters and learns from their scores; Fitness: what scores them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from torch import Tensor

from reverie.core.config import Config
from reverie.core.world import ActionSpace
from reverie.core.world_model import Actor


@dataclass(frozen=True)
class SearcherState:
    """All that a searcher knows between two generations: tensors, and numbers that JSON can hold."""

    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, Any]


@runtime_checkable
class Searcher(Protocol):
    """Proposes candidates, is told how well each did, and knows which parameters it believes in.

    It keeps no generator: all chance of a generation comes from the one that `ask` is handed.
    """

    def ask(self, generator: np.random.Generator) -> Float[Tensor, "candidate parameter"]:
        """The candidates of the next generation."""
        ...

    def tell(self, scores: Float[Tensor, " candidate"]) -> None:
        """How well the candidates just asked for did; more is better."""
        ...

    def mean(self) -> Float[Tensor, " parameter"]:
        """The centre of what is proposed: what to report, where the best candidate may owe it to luck."""
        ...

    def spread(self) -> float:
        """How far candidates lie from the mean, as one number."""
        ...

    def state(self) -> SearcherState:
        """Everything that the next generations depend on."""
        ...

    def restore(self, state: SearcherState) -> None:
        """Go on from a state of a searcher of the same size, to the same bits.

        Raises WrongInput for a state of another size.
        """
        ...


@runtime_checkable
class Fitness(Protocol):
    """Scores candidates by letting each of them act in episodes that are the same for all."""

    def __call__(
        self, candidates: Float[Tensor, "candidate parameter"], rollouts: int, seed: int
    ) -> Float[Tensor, "candidate rollout"]:
        """Return of each candidate in each episode.

        Common random numbers: starts and noise of an episode follow from the seed and its number alone.
        """
        ...


@runtime_checkable
class Controllers(Protocol):
    """A kind of controller, of one size, whose members differ by a vector of parameters."""

    @property
    def size(self) -> int:
        """Parameters of one controller."""
        ...

    def actor(self, candidates: Float[Tensor, "candidate parameter"], rollouts: int) -> Actor:
        """All candidates at once: row r is moved by candidate r // rollouts.

        Raises WrongInput for candidates of another size.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ControllerConfig(Config, ABC):
    """What describes an agent of the family `agents` that is searched for, and acts on codes."""

    @abstractmethod
    def build(self, action_space: ActionSpace, code_size: int, hidden_sizes: tuple[int, ...]) -> Controllers:
        """Controllers for these actions, on what a world model with these sizes knows.

        Raises WrongInput when the actions, or what it wants to see, do not fit.
        """

    @abstractmethod
    def searcher(self, size: int, start: Float[Tensor, " parameter"] | None = None) -> Searcher:
        """A new search among controllers with so many parameters, from zero if not from `start`."""
