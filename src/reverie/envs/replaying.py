"""Replaying: whether Gymnasium alone, from a seed and actions, plays a recorded episode again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reverie.core.episode import Episode
from reverie.core.errors import WrongInput
from reverie.envs.make import WorldConfig, make_world


class Replayer:
    """An environment as `gymnasium.make` gives it, made from what a manifest says of a world.

    Raises WrongInput, with the reason, where no seed and actions can play such recordings again. An id that
    would import a module is not made: the manifest may come from anybody.
    """

    def __init__(self, world: Mapping[str, Any]) -> None:
        import gymnasium

        env_id, options = str(world.get("env")), dict(world.get("options") or {})
        if ":" in env_id:
            raise WrongInput(f"{env_id} is not one of the environments that Gymnasium knows")
        if world.get("scenes") or options.pop("noops", 0):
            raise WrongInput(
                "episodes begin with more than a seed: scenery from a pool, or steps without action"
            )
        if world.get("engine") == "envpool" or options.pop("tracks", "gymnasium") != "gymnasium":
            raise WrongInput("episodes began on tracks of EnvPool, which no seed of Gymnasium's lays")
        if world.get("frame_skip", 1) != 1:
            raise WrongInput(f"every action lasted {world['frame_skip']} steps")
        make_world(env_id, WorldConfig(options=dict(options))).close()
        self._env: Any = gymnasium.make(env_id, disable_env_checker=True, **options)
        self.spec = self._env.spec
        self.first_action = int(getattr(self._env.action_space, "start", 0))
        """What the environment itself calls the action that is recorded as 0."""

    def check(self, episode: Episode, seed: int) -> None:
        """Play an episode again; WrongInput unless every reward and the end are those of the recording."""
        self._env.reset(seed=seed)
        for step, action in enumerate(episode.actions):
            _, reward, terminated, _, _ = self._env.step(self._to_env(action))
            last = step == len(episode) - 1
            if np.float32(reward) != episode.rewards[step] or terminated != (
                last and episode.ending == "terminated"
            ):
                raise WrongInput(
                    f"this version of {self.spec.id} plays the first episode differently at step {step}"
                )

    def close(self) -> None:
        """Give back windows and memory."""
        self._env.close()

    def _to_env(self, action: Any) -> Any:
        space = self._env.action_space
        if type(space).__name__ == "Discrete":
            return int(action) + self.first_action
        return np.asarray(action, dtype=space.dtype).reshape(space.shape)
