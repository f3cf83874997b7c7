"""Speed of recording every world: capture against a bare hand-written loop with the same frames, in turns."""

import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.verbs.capture import CaptureJob, capture

ROUNDS = 3
STEPS = 1000


@dataclass(frozen=True)
class _Case:
    job: CaptureJob
    target: float
    look: Callable[[Any, Any], Any]
    """A step of the bare loop to a frame, from the environment and its observation."""
    repeat: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    clock: Callable[[], float] = time.process_time


def _small(picture: np.ndarray, size: int = 64) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BOX))


def _job(env: str, **more: Any) -> CaptureJob:
    return CaptureJob(env=env, episodes=4, max_steps=STEPS, seed=11, **more)


ATARI = {"frameskip": 1, "repeat_action_probability": 0.0}
THESIS = {"size": 84, "frame_skip": 2, "max_pool": True, "grey": True}
RENDERED = {"render_mode": "rgb_array"}
CASES = (
    _Case(_job("LunarLander-v3"), 0.9, lambda env, _: _small(env.render()), options=RENDERED),
    _Case(_job("CarRacing-v3"), 0.9, lambda env, seen: _small(seen)),
    *(
        _Case(_job(f"ALE/{game}-v5", **THESIS, options=ATARI), 0.9, lambda env, seen: seen, 2, ATARI)
        for game in ("Pong", "Breakout", "SpaceInvaders")
    ),
    # Doom's engine is a process of its own: the clock on the wall sees it. Its bare loop keeps raw frames.
    _Case(
        _job("VizdoomTakeCover-v1"),
        0.6,
        lambda env, seen: seen["screen"],
        options={"screen_resolution": "RES_160X120"},
        clock=time.perf_counter,
    ),
)


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Frames a second of capture over those of the bare loop, the median of rounds.

    Atari's bare loop takes the maximum of two frames, their BT.709 grey, and 84 by 84 pixels; the others
    scale to 64 by 64, but Doom's, which only keeps the engine's 160 by 120. A world that is not installed
    says so.
    """
    found: dict[str, Any] = {}
    for case in CASES:
        console.say(f"measuring {case.job.env}")
        try:
            ratios = [_round(case) for _ in range(ROUNDS)]
        except WrongInput as error:
            found[case.job.env] = f"not measured: {error}"
            continue
        found[case.job.env] = round(float(np.median(ratios)), 3)
    return {**found, "targets": {case.job.env: case.target for case in CASES}}


def _round(case: _Case) -> float:
    with tempfile.TemporaryDirectory() as place:
        capture(replace(case.job, episodes=1, max_steps=5), Path(place) / "warm")
        began = case.clock()
        frames = capture(case.job, Path(place) / "data")["frames"]
        ours = frames / (case.clock() - began)
        # Doom's engine writes its settings where a bare loop stands.
        with chdir(place):
            return ours / _bare(case)


def _bare(case: _Case) -> float:
    """Frames a second of the loop that a person would write."""
    import gymnasium

    began, frames = case.clock(), []
    env = gymnasium.make(case.job.env, disable_env_checker=True, **case.options)
    generator = np.random.default_rng(0)
    for episode in range(case.job.episodes):
        seen, _ = env.reset(seed=episode)
        frames.append(case.look(env, seen))
        for _ in range(STEPS):
            action: Any = env.action_space.sample() if case.repeat == 1 else generator.integers(3)
            pair = []
            over = False
            for _ in range(case.repeat):
                seen, _, terminated, truncated, _ = env.step(action)
                pair.append(seen)
                over = over or terminated or truncated
            frames.append(_thesis(pair) if case.repeat == 2 else case.look(env, seen))
            if over:
                break
    rate = len(frames) / (case.clock() - began)
    env.close()
    return rate


def _thesis(pair: list[np.ndarray]) -> np.ndarray:
    grey = Image.fromarray(np.maximum(*pair)).convert("L", (0.2126, 0.7152, 0.0722, 0.0))
    return np.asarray(grey.resize((84, 84), Image.Resampling.BOX))
