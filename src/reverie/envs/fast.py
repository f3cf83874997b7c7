"""CarRacing in EnvPool's engine: many episodes stepped in one batch, several times as fast as Gymnasium's.

Rewards and ends are those of Gymnasium's game on the same track; frames show the same, drawn without smooth
edges. How far they agree, in numbers: docs/guides/fast-car-racing.md.
"""

import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib.metadata import version
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.world import ActionSpace, Step, World
from reverie.envs.camera import Camera
from reverie.envs.game import reset_seed

FAST = "CarRacing-v3"
"""The one environment that is played in EnvPool so far."""

USUAL = {"max_episode_steps": 1000, "lap_complete_percent": 0.95}
"""Options of the environment with their usual values, which are Gymnasium's."""

PARTED = 10.0
"""Difference of two returns beyond which the engines have parted ways: about three tiles of road."""

Frame = UInt8[np.ndarray, "height width channel"]


class FastWorlds:
    """Episodes side by side, a row for each; those that are over are left out by `keep`."""

    def __init__(self, camera: Camera, options: Mapping[str, Any], threads: int = 1) -> None:
        """`threads` step the rows; who steps a row changes nothing.

        Raises WrongInput where EnvPool is not installed, and for options that it does not have.
        """
        self._camera, self._threads = camera, threads
        self._options = {**USUAL, **_checked(options)}
        self._envpool = _envpool()
        self._pool: Any = None
        self._rows = np.zeros(0, dtype=np.int32)
        self._pictures = np.zeros((0, 96, 96, 3), dtype=np.uint8)
        low, high = (np.array(bound, dtype=np.float32) for bound in ((-1, 0, 0), (1, 1, 1)))
        self.action_space = ActionSpace(count=None, low=low, high=high)

    def reset(self, generators: Sequence[np.random.Generator]) -> None:
        """Start as many new episodes; the track of each is drawn from its generator."""
        self.close()
        seeds = [reset_seed(generator) for generator in generators]
        # A pool keeps its seeds for life, so that new episodes need a new one; that takes milliseconds.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bounds in double precision
            self._pool = self._envpool.make_gymnasium(
                FAST, num_envs=len(seeds), env_seed=seeds, num_threads=self._threads, **self._options
            )
            self._rows = np.arange(len(seeds), dtype=np.int32)
            self._pictures, _ = self._pool.reset()

    def step(self, actions: Float32[np.ndarray, "world action"]) -> list[Step]:
        """Take an action in every world that is left; what each led to.

        Raises BrokeWhileWorking for actions that are no numbers.
        """
        if not np.isfinite(actions).all():
            raise BrokeWhileWorking(f"an action must be made of finite numbers, got {actions.tolist()}")
        told = self._pool.step(np.asarray(actions, dtype=np.float32), self._rows)
        self._pictures, rewards, terminated, truncated, about = told
        assert np.array_equal(about["env_id"], self._rows)
        return [
            Step(float(reward), bool(fatal), bool(cut))
            for reward, fatal, cut in zip(rewards, terminated, truncated, strict=True)
        ]

    def frames(self) -> list[Frame]:
        """What is to be seen now in every world that is left, at the recording's size."""
        return [self._camera.frame(picture) for picture in self._pictures]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with some of the worlds."""
        self._rows, self._pictures = self._rows[list(rows)], self._pictures[list(rows)]

    def close(self) -> None:
        """Give back threads and memory."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None


class FastWorld(World):
    """One of them as a world. Its truth is that of Gymnasium's game, following undrawn on the same track."""

    def __init__(self, worlds: FastWorlds, shadow: World, description: Mapping[str, Any]) -> None:
        """`shadow` plays the tracks of EnvPool; it takes no step before its truth is asked for."""
        self._worlds, self._shadow, self._description = worlds, shadow, description
        self._due: list[np.ndarray] = []
        self._gap = 0.0
        self._parted = False
        self._frame: Frame | None = None
        self.factors, self.action_space = shadow.factors, worlds.action_space

    def reset(self, generator: np.random.Generator) -> None:
        """Start a new episode; the track is drawn from `generator`."""
        self._shadow.reset(deepcopy(generator))
        self._worlds.reset([generator])
        self._due, self._gap, self._parted, self._frame = [], 0.0, False, None

    def step(self, action: Any) -> Step:
        """Take one action. Raises BrokeWhileWorking for one that is no number."""
        taken = np.array(action, dtype=np.float32).reshape(1, -1)
        step = self._worlds.step(taken)[0]
        self._due.append(taken[0])
        self._gap += step.reward
        self._frame = None
        return step

    def frame(self) -> Frame:
        """What is to be seen now."""
        if self._frame is None:
            self._frame = self._worlds.frames()[0]
        return self._frame

    def truth(self) -> Float32[np.ndarray, " factor"]:
        """The factors of what `frame` shows now."""
        self._follow()
        return self._shadow.truth()

    def visible(self) -> bool:
        """Whether both engines still play the same episode, as far as rewards tell."""
        self._follow()
        return not self._parted

    def description(self) -> dict[str, Any]:
        """What the manifest says of this world."""
        return dict(self._description)

    def close(self) -> None:
        """Give back threads and memory."""
        self._worlds.close()
        self._shadow.close()

    def _follow(self) -> None:
        for action in self._due:
            self._gap -= self._shadow.step(action).reward
        self._due = []
        self._parted |= abs(self._gap) > PARTED


def fast_world(worlds: FastWorlds, options: Mapping[str, Any], shadow: World) -> FastWorld:
    """CarRacing-v3 in EnvPool; `shadow` is Gymnasium's, with the same options, on EnvPool's tracks."""
    said = shadow.description()
    return FastWorld(
        worlds,
        shadow,
        {
            **said,
            "engine": "envpool",
            "options": dict(options),
            "preprocessing": ["observation, drawn by EnvPool", *said["preprocessing"][1:]],
            "versions": {**said["versions"], "envpool": version("envpool")},
        },
    )


def _checked(options: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in options.items():
        if name not in USUAL:
            raise WrongInput(
                f"EnvPool's {FAST} has no option {name!r}, only {' and '.join(USUAL)}; leave it out, or play "
                "with --engine gymnasium"
            )
        whole = isinstance(value, int) and not isinstance(value, bool)
        if name == "max_episode_steps" and not (whole and 1 <= value < 2**31):
            raise WrongInput(f"max_episode_steps must be a whole number from 1, got {value!r}")
        if name == "lap_complete_percent" and not ((whole or isinstance(value, float)) and 0 <= value <= 1):
            raise WrongInput(f"lap_complete_percent must be a number from 0 to 1, got {value!r}")
    return options


def _envpool() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import envpool  # pyright: ignore[reportMissingImports]
    except (ImportError, OSError) as error:
        raise WrongInput(
            f"--engine envpool needs EnvPool, which has no wheel for every system; install it with: "
            f"pip install 'reverie-worlds[fast]' ({type(error).__name__}: {error})"
        ) from error
    return envpool
