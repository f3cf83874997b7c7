"""Observing: Gymnasium environments whose observations are frames as recorded, or codes of these."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from reverie.core.errors import WrongInput


class FrameObservation(gymnasium.ObservationWrapper):
    """What the environment draws, scaled as `reverie capture` does: bytes of `size` by `size` by 3."""

    def __init__(self, env: gymnasium.Env, size: int = 64) -> None:
        """Raises WrongInput unless the environment was made with render_mode="rgb_array"."""
        if env.render_mode != "rgb_array":
            name = env.spec.id if env.spec else str(env)
            raise WrongInput(
                f'{name} was made with render_mode {env.render_mode!r}; make it with "rgb_array"'
            )
        super().__init__(env)
        self._size = size
        self.observation_space = gymnasium.spaces.Box(0, 255, (size, size, 3), np.uint8)

    def observation(self, observation: Any) -> UInt8[np.ndarray, "height width 3"]:
        """The picture of this moment, whatever the environment itself tells."""
        picture = Image.fromarray(np.asarray(self.env.render())).convert("RGB")
        return np.array(picture.resize((self._size, self._size), Image.Resampling.BOX))


class CodeObservation(gymnasium.ObservationWrapper):
    """Codes of the environment's frames: float32 of `code_size` numbers."""

    def __init__(
        self, env: gymnasium.Env, encode: Callable[[UInt8[np.ndarray, "height width 3"]], Any], code_size: int
    ) -> None:
        """`env` observes frames; `encode` makes a code of one."""
        super().__init__(env)
        self._encode = encode
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (code_size,), np.float32)

    def observation(self, observation: Any) -> Float32[np.ndarray, " unit"]:
        """The code of the frame."""
        return np.asarray(self._encode(observation), dtype=np.float32)
