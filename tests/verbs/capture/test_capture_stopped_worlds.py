"""Captures of games and of a user's own world: killed and completed, they hold the same bytes."""

import json
import os
import random
import subprocess
import sys
from importlib.util import find_spec

import pytest
from capture_jobs import contents
from test_capture_stopped import SCRIPT, wait_for_frames

MAZE = """
import gymnasium, numpy as np

class Dot(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"]}
    observation_space = gymnasium.spaces.Box(0, 15, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    def __init__(self, render_mode=None):
        self.render_mode = render_mode
    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.place = self.np_random.integers(0, 16, 2)
        return self.place.astype(np.float32), {}
    def step(self, action):
        self.place[action] = (self.place[action] + 1 + self.np_random.integers(2)) % 16
        return self.place.astype(np.float32), 1.0, False, False, {}
    def render(self):
        frame = np.zeros((16, 16, 3), np.uint8)
        frame[tuple(self.place)] = 255
        return frame

gymnasium.register("Dot-v0", Dot)
"""
JOBS = {
    "vizdoom": {"env": "VizdoomTakeCover-v1", "episodes": 8, "max_steps": 120, "size": 32},
    "ale_py": {"env": "ALE/Breakout-v5", "episodes": 8, "max_steps": 120, "size": 84, "frame_skip": 2,
               "max_pool": True, "grey": True, "crop": True},
    "gymnasium": {"env": "my_dots:Dot-v0", "episodes": 30, "max_steps": 100, "size": 16},
}  # fmt: skip


def start(place, folder, job):
    """A capture, or what completes it, with two workers, in the place where the user's module lies."""
    command = [sys.executable, "-c", SCRIPT, str(folder), "2", json.dumps(job)]
    environment = {**os.environ, "PYTHONPATH": str(place)}
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=place, env=environment)


@pytest.mark.parametrize("package", JOBS)
def test_a_world_is_killed_and_completed_to_the_same_bytes(package, tmp_path):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    (tmp_path / "my_dots.py").write_text(MAZE)
    job = {**JOBS[package], "seed": 4, "policy": "held"}
    assert start(tmp_path, tmp_path / "whole", job).wait() == 0
    moments = random.Random(1)
    killed = 0
    for _ in range(2):
        process = start(tmp_path, tmp_path / "killed", job)
        wait_for_frames(process, tmp_path / "killed", moments.uniform(0.1, 0.5))
        process.kill()
        killed += process.wait() != 0
    assert killed
    assert start(tmp_path, tmp_path / "killed", job).wait() == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
