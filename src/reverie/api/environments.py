"""Environments: dreams, and worlds seen through codes."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from reverie.api._given import Place, taken
from reverie.core.config import from_json
from reverie.core.errors import unknown


def dream(run: Place, num_envs: int | None = None, *, render_mode: str | None = None, **choices: Any) -> Any:
    """What a run's world model dreams of, as a Gymnasium environment: `reverie.dream(run, temperature=1.15)`.

    With `num_envs` it is a Gymnasium vector environment, which resets its dreams as `autoreset_mode` says
    ("NextStep", "SameStep", "Disabled"). Further choices: temperature, max_steps; sight ("z", "zh", "zhc");
    starts, from_start, seed (of the places where dreams begin). `render_mode="rgb_array"` decodes frames.
    Raises WrongInput for an unknown choice, and for a run that is not finished, altered or uprooted.
    """
    from reverie.envs.dream import DreamConfig
    from reverie.envs.dream_env import DreamEnv, DreamVectorEnv
    from reverie.verbs import dream as verb

    mode = choices.pop("autoreset_mode", None)
    config, others = taken(DreamConfig, choices), choices.keys() - {"run", "dream"}
    known = {field.name for kind in (DreamConfig, verb.DreamJob) for field in fields(kind)} - {"run", "dream"}
    for word in choices.keys() - known:
        raise unknown("dream field", word, {*known, "num_envs", "render_mode", "autoreset_mode"})
    values = {word: choices[word] for word in others - config.keys()}
    land = verb.dreamland(from_json(verb.DreamJob, {"run": run, "dream": config, **values}, "dream"))
    if num_envs is None:
        return DreamEnv(land, render_mode)
    return DreamVectorEnv(land, num_envs, autoreset_mode=mode or "NextStep", render_mode=render_mode)


def observe_frames(env: Any, size: int = 64) -> Any:
    """A Gymnasium environment that observes its frames, `size` by `size`, as `capture` records them."""
    from reverie.envs import observing

    return observing.FrameObservation(env, size)


def observe_codes(env: Any, run: Place) -> Any:
    """A Gymnasium environment whose observations are the codes of its frames."""
    from reverie.verbs import features

    return features.observe_codes(env, Path(run))


def sb3_encoder(agent: Any) -> Any:
    """What a Stable-Baselines3 agent's policy reads of a frame, as an encoder for `adopt`."""
    from reverie.verbs import encoders

    return encoders.sb3_encoder(agent)


def sb3_policy_kwargs(run: Place, learn: bool = False) -> dict[str, Any]:
    """The run's encoder as feature extractor: `PPO("CnnPolicy", env, policy_kwargs=...)`; frozen or not."""
    from reverie.verbs import features

    return features.sb3_policy_kwargs(Path(run), learn)
