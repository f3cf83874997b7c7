"""CMA-ES as a searcher, by pycma; every number that it goes on from can be taken out and put back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from reverie.core.errors import WrongInput
from reverie.core.searcher import SearcherState

FEWEST = 4
"""Candidates that a generation needs: of fewer, half are too few to tell a direction from chance."""

VECTORS = ("mean", "pc", "pc2")
COUNTS = ("countiter", "countevals")
SAMPLER_COUNTS = ("count_tell", "last_update", "count_eigen")


class CMASearcher:
    """Covariance matrix adaptation evolution strategy.

    Scores are taken less `decay` times the mean squared parameter.
    Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial"; pycma.
    """

    def __init__(
        self, start: Float64[np.ndarray, " parameter"], *, population: int, sigma: float, decay: float = 0.0
    ) -> None:
        # Here, so that the controllers can be used without it being loaded.
        import cma

        self._size, self._decay = len(start), decay
        self._generator: np.random.Generator | None = None
        self._asked: list[np.ndarray] = []
        options = {
            "popsize": population,
            "randn": self._normal,
            "seed": np.nan,  # leave NumPy's global generator alone
            "verbose": -9,
            # Both would keep a state of their own that no checkpoint of ours holds.
            "CMA_mirrors": 0,
            "conditioncov_alleviate": False,
        }
        self._strategy: Any = cma.CMAEvolutionStrategy(start, sigma, options)

    def _normal(self, *shape: int) -> np.ndarray:
        assert self._generator is not None
        return self._generator.standard_normal(shape)

    def ask(self, generator: np.random.Generator) -> Float[Tensor, "candidate parameter"]:
        """The candidates of the next generation."""
        self._generator = generator
        self._asked = self._strategy.ask()
        return torch.from_numpy(np.stack(self._asked))

    def tell(self, scores: Float[Tensor, " candidate"]) -> None:
        """How well the candidates just asked for did; more is better."""
        costs = [self._decay * np.mean(np.square(candidate)) for candidate in self._asked]
        losses = np.array(costs) - scores.numpy().astype(np.float64)
        self._strategy.tell(self._asked, losses.tolist())
        self._settle()

    def mean(self) -> Float[Tensor, " parameter"]:
        """The mean of the distribution."""
        return torch.from_numpy(self._strategy.mean.copy())

    def spread(self) -> float:
        """The step size sigma."""
        return float(self._strategy.sigma)

    def state(self) -> SearcherState:
        """Mean, step size, covariance with its axes, evolution paths and counts."""
        strategy, sampler, steps = self._strategy, self._strategy.sm, self._strategy.adapt_sigma
        arrays = {name: getattr(strategy, name) for name in VECTORS}
        arrays |= {"covariance": sampler.C, "axes": sampler.B, "lengths": sampler.D, "ps": steps.ps}
        numbers = {name: int(getattr(strategy, name)) for name in COUNTS}
        numbers |= {name: int(getattr(sampler, name)) for name in SAMPLER_COUNTS}
        numbers |= {"sigma": float(strategy.sigma), "delta": float(steps.delta)}
        return SearcherState(
            {name: torch.from_numpy(np.array(part)) for name, part in arrays.items()}, numbers
        )

    def restore(self, state: SearcherState) -> None:
        """Go on from the state of a searcher of the same size and population, to the same bits."""
        from cma.utilities.utils import ElapsedWCTime

        self._check(state.tensors)
        strategy, sampler, steps = self._strategy, self._strategy.sm, self._strategy.adapt_sigma
        arrays = {name: np.array(part.numpy()) for name, part in state.tensors.items()}
        for name in VECTORS:
            setattr(strategy, name, arrays[name])
        for name in COUNTS:
            setattr(strategy, name, int(state.numbers[name]))
        for name in SAMPLER_COUNTS:
            setattr(sampler, name, int(state.numbers[name]))
        sampler.C, sampler.B, sampler.D = arrays["covariance"], arrays["axes"], arrays["lengths"]
        steps.ps, steps._ps_updated_iteration = arrays["ps"], strategy.countiter
        strategy.sigma = np.float64(state.numbers["sigma"])
        steps.delta = np.float64(state.numbers["delta"])
        # Made by the first generation alone; neither changes what is proposed.
        strategy.mean_old, strategy.timer = strategy.mean, ElapsedWCTime()
        self._settle()

    def _check(self, tensors: Mapping[str, Tensor]) -> None:
        size: Any = self._size
        wanted = {**dict.fromkeys([*VECTORS, "lengths", "ps"], (size,)), "covariance": (size, size)}
        wanted["axes"] = (size, size)
        for name, shape in wanted.items():
            if name not in tensors or tuple(tensors[name].shape) != shape:
                found = tuple(tensors[name].shape) if name in tensors else "missing"
                raise WrongInput(f"the search state {name!r} must have shape {shape}, got {found}")

    def _settle(self) -> None:
        """Put the matrices into one layout, whatever made them, so that sums over them have one order."""
        strategy, sampler = self._strategy, self._strategy.sm
        sampler.C, sampler.B = np.ascontiguousarray(sampler.C), np.ascontiguousarray(sampler.B)
        strategy._updateBDfromSM()
