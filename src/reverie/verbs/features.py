"""Features: a run's codes for agents of other libraries, as observations or as a feature extractor."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8

from reverie.core.errors import WrongInput
from reverie.data.batches import to_frames
from reverie.envs.observing import CodeObservation, FrameObservation
from reverie.verbs.load import load


def observe_codes(env: Any, folder: Path) -> CodeObservation:
    """The environment, with the codes of its frames as observations.

    Raises WrongInput for a run that is not finished or takes other than square RGB frames, and an environment
    that was not made with render_mode="rgb_array".
    """
    loaded = load(folder)
    channel, height, width = loaded.frame_shape
    if channel != 3 or height != width:
        raise WrongInput(
            f"{folder} takes frames of {height} x {width} x {channel}; codes need square RGB frames"
        )

    @torch.no_grad()
    def encode(frame: UInt8[np.ndarray, "height width 3"]) -> Float32[np.ndarray, " unit"]:
        return loaded.representation.encode(to_frames(frame[None])).mean.flatten(1)[0].numpy()

    code_size = len(encode(np.zeros((height, width, 3), dtype=np.uint8)))
    return CodeObservation(FrameObservation(env, height), encode, code_size)


def sb3_policy_kwargs(folder: Path, learn: bool = False) -> dict[str, Any]:
    """What Stable-Baselines3 takes as `policy_kwargs` for an encoder as the feature extractor of "CnnPolicy".

    The environment must observe frames of the run's size (`FrameObservation`). The encoder stays as it is,
    unless it is to learn on. Raises WrongInput for a run that is not finished, and without the library.
    """
    load(folder)
    return {
        "features_extractor_class": _extractor_class(),
        "features_extractor_kwargs": {"run": str(folder), "learn": learn},
    }


def _extractor_class() -> type:
    try:
        from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    except ImportError:
        raise WrongInput(
            "Stable-Baselines3 is not installed; install it with: pip install 'reverie-worlds[sb3]'"
        ) from None

    class RunCodes(BaseFeaturesExtractor):
        """Codes of a run's encoder, as the features that a policy reads."""

        def __init__(self, observation_space: Any, run: str, learn: bool = False) -> None:
            loaded = load(Path(run))
            # Stable-Baselines3 shows images channel first and in [0, 1]: the house's own convention.
            if tuple(observation_space.shape) != tuple(loaded.frame_shape):
                wanted, found = loaded.frame_shape, observation_space.shape
                raise WrongInput(f"{run} takes frames of shape {wanted}, the environment observes {found}")
            with torch.no_grad():
                size = loaded.representation.encode(torch.zeros(1, *loaded.frame_shape)).mean.numel()
            super().__init__(observation_space, features_dim=size)
            self.representation = loaded.representation.requires_grad_(learn)

        def apply(self, fn: Any) -> Any:
            # Policies draw the weights of their feature extractor anew, by this very call.
            return self

        def forward(self, observations: Float[torch.Tensor, "batch channel height width"]) -> torch.Tensor:
            return self.representation.encode(observations).mean.flatten(1)

    return RunCodes
