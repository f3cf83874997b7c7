"""Any Gymnasium environment as a world: drawn or observed, resized, reproducible."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, UInt8

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.world import ActionSpace, Factor, Step
from reverie.envs.camera import Camera
from reverie.envs.game import Game


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How an environment is played and looked at."""

    env: str
    """Id of the environment."""
    frames: Literal["render", "observation"]
    """What the camera looks at."""
    camera: Camera
    """How pictures become frames."""
    frame_skip: int = 1
    """Steps that an action lasts."""
    max_pool: bool = False
    """Whether a frame is the maximum of the last two steps."""
    scenes: int = 0
    """Size of the pool of scenery, for the description."""
    options: Mapping[str, Any]
    """Arguments of the environment and its game, for the description."""


class GymnasiumWorld:
    """One environment, its game, and the camera that looks at it."""

    def __init__(self, make: Callable[[], Any], game: Game, plan: Plan, env: Any) -> None:
        """`make` builds the environment anew, `game` is what is special about it, `plan` how to look at it.

        `env` is the first one, made already.
        """
        self._make = make
        self._game = game
        self._plan = plan
        self._env = self._prepared(env)
        self._observation: Any = None
        self._picture: Any = None
        self._before: Any = None
        self._frame: np.ndarray | None = None
        self._truth: np.ndarray | None = None
        self.factors: tuple[Factor, ...] = game.factors
        names = game.action_names(self._env)
        self.action_space = replace(action_space(self._env.action_space, plan.env), names=names)

    def reset(self, generator: np.random.Generator) -> None:
        """Start a new episode, in a new environment where the old one might leave traces."""
        if self._observation is not None and not self._game.lasting:
            self._env.close()
            self._env = self._prepared(self._make())
        self._observation = self._try(self._game.begin, self._env, generator)
        self._before = self._picture = self._frame = self._truth = None

    def step(self, action: Any) -> Step:
        """Take one action for as many steps as the plan says; rewards add up.

        Raises BrokeWhileWorking when the environment raises or its reward is no number.
        """
        total = 0.0
        for _ in range(self._plan.frame_skip):
            result = self._step_once(action)
            total += result.reward
            if result.terminated or result.truncated:
                return Step(total, result.terminated, result.truncated)
        return Step(total, False, False)

    def frame(self) -> UInt8[np.ndarray, "height width channel"]:
        """What is to be seen now; drawn once, however often it is asked for."""
        if self._frame is None:
            picture = self._look()
            if self._before is not None:
                picture = np.maximum(self._before, picture)
            self._frame = self._plan.camera.frame(picture)
        return self._frame

    def truth(self) -> Float32[np.ndarray, " factor"]:
        """The factors of what `frame` shows now."""
        if self._truth is None:
            self._truth = self._game.truth(self._env, self._observation)
        return self._truth

    def visible(self) -> bool:
        """Whether the frame shows what the factors say."""
        return self._game.shown(self._env) and self._game.visible(self.truth())

    def changed(self, observation: Any) -> None:
        """Take note that the environment's state was set from outside; `observation` is what it shows now."""
        self._observation = observation
        self._before = self._picture = self._frame = self._truth = None

    def description(self) -> dict[str, Any]:
        """Id, arguments, versions and the preprocessing chain; enough to make this world again."""
        plan = self._plan
        drawn = "render() as rgb_array" if plan.frames == "render" else "observation"
        pooled = ["maximum of the last two steps, channel by channel"] if plan.max_pool else []
        return {
            "env": plan.env,
            "size": plan.camera.size,
            "frames": plan.frames,
            "scenes": plan.scenes,
            "frame_skip": plan.frame_skip,
            "max_pool": plan.max_pool,
            "grey": plan.camera.grey,
            "crop": plan.camera.crop,
            "options": plan.options,
            "preprocessing": [drawn, *pooled, *plan.camera.chain()],
            "versions": _versions(("gymnasium", "numpy", "pillow", *self._game.packages)),
        }

    def close(self) -> None:
        """Give back windows and memory."""
        self._env.close()

    def _prepared(self, env: Any) -> Any:
        self._game.prepare(env)
        return env

    def _step_once(self, action: Any) -> Step:
        if self._plan.max_pool:
            self._before = self._look()
        elif self._picture is None:
            self._game.step_undrawn(self._env)
        self._picture = self._frame = self._truth = None
        self._observation, reward, terminated, truncated, _ = self._try(self._env.step, self._to_env(action))
        return Step(_number(reward), bool(terminated), bool(truncated))

    def _look(self) -> Any:
        if self._picture is None:
            self._picture = self._try(self._draw)
        return self._picture

    def _draw(self) -> Any:
        if self._plan.frames == "render":
            return self._env.render()
        return self._game.observe(self._env, self._observation)

    def _to_env(self, action: Any) -> Any:
        space = self._env.action_space
        if self.action_space.count is not None:
            return int(action) + int(space.start)
        if not np.isfinite(action).all():
            # Some environments take it, and score it well: openai/gym#522.
            raise BrokeWhileWorking(
                f"an action must be made of finite numbers, got {np.array(action).tolist()}"
            )
        return np.asarray(action, dtype=space.dtype).reshape(space.shape)

    def _try(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except Exception as error:  # whatever other people's environments raise
            reason = " ".join(str(error).split())[:200]
            raise BrokeWhileWorking(f"the environment failed: {type(error).__name__}: {reason}") from error


def action_space(space: Any, env_id: str) -> ActionSpace:
    """Gymnasium's Discrete or bounded Box as an action space; WrongInput for others."""
    kind = type(space).__name__
    if kind == "Discrete":
        return ActionSpace(count=int(space.n))
    if kind != "Box":
        raise WrongInput(f"{env_id} has {kind} actions; Reverie acts in Discrete and Box")
    if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
        raise WrongInput(f"{env_id} has actions without bounds; wrap it in gymnasium's RescaleAction")
    low, high = (np.ravel(bound).astype(np.float32) for bound in (space.low, space.high))
    return ActionSpace(count=None, low=low, high=high)


def _number(reward: Any) -> float:
    try:
        return float(reward)
    except (TypeError, ValueError):
        raise BrokeWhileWorking(f"the reward is {reward!r}, not a number") from None


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
