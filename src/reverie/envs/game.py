"""Game: what is special about an environment - how it starts, what it truly knows, what it shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32

from reverie.core.world import Factor


def seeded_reset(env: Any, generator: np.random.Generator) -> Any:
    """Reset with a seed of the episode's own; returns the first observation."""
    return env.reset(seed=reset_seed(generator))[0]


def reset_seed(generator: np.random.Generator) -> int:
    """The seed that an episode's environment is reset with: the first draw of the episode's generator."""
    return int(generator.integers(2**31))


def no_truth(env: Any, observation: Any) -> Float32[np.ndarray, " factor"]:
    """Nothing is known of what the frames show."""
    return np.zeros(0, dtype=np.float32)


def the_observation(env: Any, observation: Any) -> Any:
    """The observation is itself the picture."""
    return observation


def observation_truth(env: Any, observation: Any) -> Float32[np.ndarray, " factor"]:
    """The observation, a vector or the number of a state, is the truth."""
    return np.array(observation, dtype=np.float32, ndmin=1)


def always_shown(env: Any) -> bool:
    """The game shows something at every instant."""
    return True


def always_visible(truth: Float32[np.ndarray, " factor"]) -> bool:
    """Every frame shows what the factors say."""
    return True


def nothing(env: Any) -> None:
    """Nothing is to be done to the environment."""


def nameless(env: Any) -> tuple[str, ...]:
    """The actions have no names."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Game:
    """What is special about an environment; the rest is the same for all of Gymnasium."""

    factors: tuple[Factor, ...] = ()
    """What the simulator truly knows, with units."""
    begin: Callable[[Any, np.random.Generator], Any] = seeded_reset
    """Start an episode; everything that varies is drawn from the generator. Returns the observation."""
    truth: Callable[[Any, Any], Float32[np.ndarray, " factor"]] = no_truth
    """The factors, from the environment and its latest observation."""
    prepare: Callable[[Any], None] = nothing
    """Done once to an environment that was made."""
    observe: Callable[[Any, Any], Any] = the_observation
    """The picture that is observed, from the environment and its latest observation."""
    visible: Callable[[Float32[np.ndarray, " factor"]], bool] = always_visible
    """Whether a frame shows what the factors say."""
    shown: Callable[[Any], bool] = always_shown
    """Whether the game shows this instant; where it does not, `observe` and `truth` repeat the one before."""
    step_undrawn: Callable[[Any], Any] = nothing
    """What drawing would have done to the environment, for a step that is not drawn."""
    action_names: Callable[[Any], tuple[str, ...]] = nameless
    """What the discrete actions are called, in their order."""
    cut: float = 0.5
    """Where a camera that crops cuts: the share of what goes that lies above the scene, or left of it."""
    lasting: bool = False
    """One environment serves many episodes and leaves no traces from one to the next (tested)."""
    packages: tuple[str, ...] = ()
    """Packages besides Gymnasium whose version decides what is recorded."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options that the world itself understands, with the values in use."""
