"""A dream as Gymnasium knows environments: one, or many at once."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from jaxtyping import Bool, Float, Float32, UInt8

from reverie.core.errors import WrongInput, unknown
from reverie.core.world import ActionSpace
from reverie.envs.dream_rows import Dreamland, DreamRows

METADATA = {"render_modes": ["rgb_array"], "render_fps": 30}


class DreamEnv(gymnasium.Env[Float32[np.ndarray, " number"], Any]):
    """One dream at a time. Episode n after `reset(seed=s)` is the n-th dream of that seed.

    An end that the world model dreams terminates, the last of `max_steps` truncates. `options={"start": i}`
    begins at a given start. Box actions are clipped to the box. Raises WrongInput for actions that do not
    fit or are no numbers, and for a step after the end.
    """

    def __init__(self, land: Dreamland, render_mode: str | None = None) -> None:
        _check_render_mode(land, render_mode)
        self.metadata, self.render_mode = dict(METADATA), render_mode
        self.observation_space, self.action_space = _observations(land), _actions(land.action_space)
        self._rows = DreamRows(land, 1)
        self._fresh = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32[np.ndarray, " number"], dict[str, Any]]:
        """Begin the next dream, or the first of a seed."""
        super().reset(seed=seed)
        if self._fresh and seed is None:
            seed = self.np_random_seed
        self._rows.restart(0, seed, (options or {}).get("start"))
        self._fresh = False
        return self._rows.observe()[0], {}

    def step(self, action: Any) -> tuple[Float32[np.ndarray, " number"], float, bool, bool, dict[str, Any]]:
        """One step of the dream."""
        _check_running(self._rows)
        reward, ended, cut = self._rows.step(np.asarray(action)[None])
        return self._rows.observe()[0], float(reward[0]), bool(ended[0]), bool(cut[0]), {}

    def render(self) -> UInt8[np.ndarray, "height width channel"] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What the dream looks like now; nothing without a render mode."""
        return None if self.render_mode is None else self._rows.frames()[0]


class DreamVectorEnv(VectorEnv[Float32[np.ndarray, "env number"], np.ndarray, np.ndarray]):
    """Many dreams in one batch; environment i of `reset(seed=s)` dreams what `DreamEnv` dreams at seed s + i.

    A dream that is over begins anew as Gymnasium documents: in the next step (the default; that step's
    action is ignored, its reward is 0), in the same one (the last observation is `infos["final_obs"]`), or
    when reset with a mask. Errors are those of `DreamEnv`.
    """

    def __init__(
        self,
        land: Dreamland,
        num_envs: int,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        if num_envs < 1:
            raise WrongInput(f"num_envs must be 1 or more, got {num_envs}")
        _check_render_mode(land, render_mode)
        self.num_envs, self.render_mode = num_envs, render_mode
        self._mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**METADATA, "autoreset_mode": self._mode}
        self.single_observation_space = _observations(land)
        self.single_action_space = _actions(land.action_space)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._rows = DreamRows(land, num_envs)
        self._fresh = True

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Float32[np.ndarray, "env number"], dict[str, Any]]:
        """Begin the next dream of all, or of those in `options["reset_mask"]`; or the first of new seeds."""
        options = options or {}
        mask = np.asarray(options.get("reset_mask", np.ones(self.num_envs, bool)))
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise WrongInput(
                f"reset_mask must hold {self.num_envs} truth values, one of them true, got {mask}"
            )
        for row, chosen in zip(np.flatnonzero(mask), self._seeds(seed)[mask], strict=True):
            self._rows.restart(int(row), chosen, options.get("start"))
        self._fresh = False
        return self._rows.observe(), {}

    def step(
        self, actions: np.ndarray
    ) -> tuple[
        Float32[np.ndarray, "env number"],
        Float[np.ndarray, " env"],
        Bool[np.ndarray, " env"],
        Bool[np.ndarray, " env"],
        dict[str, Any],
    ]:
        """One step of every dream."""
        before = self._rows.over
        if self._fresh or self._mode is AutoresetMode.DISABLED:
            _check_running(self._rows)
        reward, ended, cut = self._rows.step(actions)
        infos: dict[str, Any] = {}
        if self._mode is AutoresetMode.NEXT_STEP:
            reward, ended, cut = reward * ~before, ended & ~before, cut & ~before
            self._restart(before)
            self._rows.over = ended | cut
        elif self._mode is AutoresetMode.SAME_STEP:
            over, last = self._rows.over, self._rows.observe()
            for row in np.flatnonzero(over):
                infos = self._add_info(infos, {"final_obs": last[row], "final_info": {}}, int(row))
            self._restart(over.copy())
        return self._rows.observe(), reward.astype(np.float64), ended, cut, infos

    def render(self) -> tuple[UInt8[np.ndarray, "height width channel"], ...] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What each dream looks like now; nothing without a render mode."""
        return None if self.render_mode is None else tuple(self._rows.frames())

    def _restart(self, rows: Bool[np.ndarray, " env"]) -> None:
        for row in np.flatnonzero(rows):
            self._rows.restart(int(row))

    def _seeds(self, seed: int | list[int | None] | None) -> np.ndarray:
        if seed is None:
            given: Any = self.np_random_seed if self._fresh else None
        else:
            given = seed
        if not isinstance(given, list):
            given = [None if given is None else given + row for row in range(self.num_envs)]
        if len(given) != self.num_envs:
            raise WrongInput(f"a seed for each of {self.num_envs} environments is needed, got {len(given)}")
        return np.array(given, dtype=object)


def _observations(land: Dreamland) -> gymnasium.spaces.Box:
    return gymnasium.spaces.Box(-np.inf, np.inf, (land.observation_size,), np.float32)


def _actions(space: ActionSpace) -> gymnasium.Space[Any]:
    if space.count is not None:
        return gymnasium.spaces.Discrete(space.count)
    assert space.low is not None and space.high is not None
    return gymnasium.spaces.Box(space.low, space.high, dtype=np.float32)


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    known = {each.value: each for each in AutoresetMode}
    if isinstance(mode, str) and mode not in known:
        raise unknown("autoreset mode", mode, known)
    return known[mode] if isinstance(mode, str) else mode


def _check_running(rows: DreamRows) -> None:
    if rows.over.any():
        raise WrongInput("there is a dream that is over, or has not begun; reset it before the next step")


def _check_render_mode(land: Dreamland, mode: str | None) -> None:
    if mode not in (None, "rgb_array"):
        raise WrongInput(f"a dream has no render mode {mode!r}; the one there is is 'rgb_array'")
    if mode is not None and land.decode is None:
        raise WrongInput("render mode 'rgb_array' needs a decoder; give decode=..., or leave render_mode out")
