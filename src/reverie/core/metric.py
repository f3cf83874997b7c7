"""Metric: what codes know of factors; Labelled: codes beside the truth; Score: the answer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64

from reverie.core.config import Config


@dataclass(frozen=True)
class Labelled:
    """Codes beside the truth, frame by frame, and the episode that each frame comes from."""

    codes: Float[np.ndarray, "sample unit"]
    factors: Float[np.ndarray, "sample factor"]
    episodes: Int64[np.ndarray, " sample"]


@dataclass(frozen=True)
class Score:
    """One number that sums up, and the parts it is made of by name."""

    value: float
    parts: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Metric(Protocol):
    """Codes and factors in, a score out."""

    def __call__(
        self,
        codes: Float[np.ndarray, "sample unit"],
        factors: Float[np.ndarray, "sample factor"],
        episodes: Int64[np.ndarray, " sample"] | None = None,
    ) -> Score:
        """Score the codes; without `episodes` every sample counts as an episode of its own."""
        ...


@dataclass(frozen=True, kw_only=True)
class MetricConfig(Config, ABC):
    """Settings of one metric."""

    @abstractmethod
    def build(self) -> Metric:
        """The metric with these settings."""
