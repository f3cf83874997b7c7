"""`capture --import`: environments of the user's own, in every process, also when a capture is resumed."""

import json
import os
import subprocess
import sys

MODULE = """
import gymnasium, numpy as np

class Maze(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"]}
    observation_space = gymnasium.spaces.Discrete(5)
    action_space = gymnasium.spaces.Discrete(2)
    def __init__(self, render_mode=None): self.render_mode = render_mode
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed); self.place = int(self.np_random.integers(4)); return self.place, {}
    def step(self, action):
        self.place = (self.place + int(action)) % 5
        return self.place, 1.0, self.place == 4, False, {}
    def render(self): return np.full((8, 8, 3), 50 * self.place, dtype=np.uint8)

gymnasium.register("Maze-v0", entry_point=Maze)
"""


def reverie(place, *words):
    command = [sys.executable, "-m", "reverie", *words]
    done = subprocess.run(  # noqa: PLW1510
        command, cwd=place, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    return done.returncode, done.stdout + done.stderr


def test_an_environment_of_the_users_own_is_recorded_in_two_processes(tmp_path):
    (tmp_path / "my_envs.py").write_text(MODULE)
    words = ("capture", "Maze-v0", "data", "--import", "my_envs", "--episodes", "4", "--size", "8")
    status, told = reverie(tmp_path, *words, "--workers", "2", "--max-steps", "20")
    assert status == 0, told
    # The module is part of the job, so that `reverie resume` finds the environment again.
    assert json.loads((tmp_path / "data" / "job.json").read_text())["job"]["env"] == "my_envs:Maze-v0"
    status, told = reverie(tmp_path, "data", "info", "data", "--json")
    assert json.loads(told.splitlines()[-1])["factors"] == ["state [number]"]
    assert reverie(tmp_path, "resume", "data")[0] == 0


def test_a_module_that_is_not_there_is_one_sentence(tmp_path):
    status, told = reverie(tmp_path, "capture", "Maze-v0", "data", "--import", "my_envs")
    assert status == 2 and "needs a module that is not here" in told and told.count("\n") == 1
