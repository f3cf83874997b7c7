"""Speed of capture on LunarLander: against a bare loop, with two processes, and the size of its archive."""

import tempfile
import time
from pathlib import Path
from typing import Any

from reverie.core.console import QUIET, Console
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture

EPISODES = 24
ROUNDS = 3
JOB = CaptureJob(env="LunarLander-v3", episodes=EPISODES, seed=11)
TARGETS = {"per_process": 0.9, "two_processes": 1.7, "smaller_than_raw": 40.0}


def measure(console: Console = QUIET) -> dict[str, Any]:
    """Frames a CPU-second of capture over those of a bare step-render-resize loop, measured in turns.

    Two processes are compared with one in wall-clock time, without the start of the processes; both cores
    must be idle for that number to mean something.
    """
    bare, ours = [], []
    with tempfile.TemporaryDirectory() as place:
        _bare_loop(2)
        for turn in range(ROUNDS):
            console.say(f"turn {turn + 1} of {ROUNDS}")
            bare.append(_rate(lambda: _bare_loop(EPISODES), time.process_time))
            folder = Path(place) / str(turn)
            ours.append(_rate(lambda folder=folder: _frames(folder, 1, EPISODES), time.process_time))
        result = capture(JOB, Path(place) / "size")
        one, two = (_marginal_rate(Path(place), workers) for workers in (1, 2))
    return {
        "bare_frames_per_cpu_second": round(max(bare)),
        "capture_frames_per_cpu_second": round(max(ours)),
        "per_process": round(max(ours) / max(bare), 3),
        "two_processes": round(two / one, 3),
        "smaller_than_raw": result["ratio"],
        "targets": TARGETS,
    }


def _bare_loop(episodes: int) -> int:
    """Step, render, resize, and nothing else; the number of frames."""
    import numpy as np
    from PIL import Image

    from reverie.core.seeds import numpy_generator

    env, frames = _bare_environment(), []
    for episode in range(episodes):
        env.reset(seed=episode)
        generator, over = numpy_generator(0, episode), False
        frames.append(Image.fromarray(env.render()).resize((64, 64), Image.Resampling.BOX))
        while not over:
            _, _, terminated, truncated, _ = env.step(int(generator.integers(4)))
            picture = Image.fromarray(env.render()).resize((64, 64), Image.Resampling.BOX)
            frames.append(np.asarray(picture))
            over = terminated or truncated
    return len(frames)


def _bare_environment() -> Any:
    import gymnasium

    return gymnasium.make("LunarLander-v3", render_mode="rgb_array", disable_env_checker=True)


def _frames(folder: Path, workers: int, episodes: int) -> int:
    job = CaptureJob(env=JOB.env, episodes=episodes, seed=JOB.seed)
    return capture(job, folder, crew=Crew(workers=workers))["frames"]


def _rate(work: Any, clock: Any) -> float:
    began = clock()
    frames = work()
    return frames / (clock() - began)


def _marginal_rate(place: Path, workers: int) -> float:
    """Frames a second of wall clock between a short capture and a long one: without the start."""
    short, long = EPISODES, 5 * EPISODES
    times, frames = [], []
    for episodes in (short, long):
        began = time.monotonic()
        frames.append(_frames(place / f"{workers}-{episodes}", workers, episodes))
        times.append(time.monotonic() - began)
    return (frames[1] - frames[0]) / (times[1] - times[0])
