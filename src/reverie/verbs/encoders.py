"""Encoders of others, as functions from frames to codes: ONNX files, feature networks, policies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.verbs.feature_network import feature_network

Encode = Callable[[torch.Tensor], Any]
LARGEST = 1 << 31
"""Bytes of the largest ONNX file that is read."""


def is_word(text: str) -> bool:
    """Whether a text looks like the word of an encoder, not like the name of one that was in memory."""
    return text.endswith(".onnx") or "@" in text


def encoder_of(word: str, console: Console = QUIET, download: bool = False) -> Encode:
    """The encoder that a word stands for: an ONNX file, or NETWORK@LAYER of a known feature network.

    Raises WrongInput for anything else, a file that is no encoder, and a missing extra.
    """
    if word.endswith(".onnx"):
        return onnx_encoder(Path(word))
    name, at, layer = word.partition("@")
    if not at:
        raise WrongInput(
            f"unknown encoder {word!r}; give an ONNX file, or NETWORK@LAYER, as in squeezenet@fire3"
        )
    network = feature_network(name, console, download)
    network.check_layer(layer)
    return lambda frames: network.features(frames, layer)


def onnx_encoder(file: Path) -> Encode:
    """The first output of an ONNX model of frames, float in [0, 1]; only what lies in the file is read."""
    try:
        import onnx
        import onnxruntime
    except ImportError:
        raise WrongInput(
            "ONNX is not installed; install it with: pip install 'reverie-worlds[onnx]'"
        ) from None
    if not file.is_file():
        raise WrongInput(f"no ONNX file at {file}")
    if file.stat().st_size > LARGEST:
        raise WrongInput(f"{file} is too large for an encoder ({file.stat().st_size} bytes)")
    content = file.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
        if any(weights.data_location == onnx.TensorProto.EXTERNAL for weights in model.graph.initializer):
            raise WrongInput(f"{file} keeps weights in other files, which are not read; save it in one file")
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0].name
    except Exception as error:  # parsers of others raise what they like
        if isinstance(error, WrongInput):
            raise
        raise WrongInput(f"{file} is no ONNX model: {' '.join(str(error).split())[:120]}") from None

    def encode(frames: torch.Tensor) -> Any:
        try:
            return session.run(None, {entry: frames.contiguous().numpy()})[0]
        except Exception as error:
            shape = tuple(frames.shape)
            reason = " ".join(str(error).split())[:160]
            raise WrongInput(f"{file} takes other frames than those of shape {shape}: {reason}") from None

    return encode


def sb3_encoder(agent: Any) -> Encode:
    """What the policy of a Stable-Baselines3 agent in memory reads of a frame, before it acts on it.

    Raises WrongInput for a policy that does not observe images.
    """
    from stable_baselines3.common.preprocessing import is_image_space, preprocess_obs

    policy = agent.policy
    holders = (policy, *(getattr(policy, name, None) for name in ("q_net", "actor")))
    extractor = next(found for holder in holders if (found := getattr(holder, "features_extractor", None)))
    space = policy.observation_space
    if not is_image_space(space):
        raise WrongInput(f"the policy observes {space}, no images; its features are none of frames")

    def encode(frames: torch.Tensor) -> torch.Tensor:
        if tuple(frames.shape[1:]) != space.shape:
            raise WrongInput(
                f"the policy observes frames of shape {space.shape}, got {tuple(frames.shape[1:])}"
            )
        observations = (frames * 255).round().to(torch.uint8).to(policy.device)
        return extractor(preprocess_obs(observations, space, normalize_images=policy.normalize_images))

    return encode
