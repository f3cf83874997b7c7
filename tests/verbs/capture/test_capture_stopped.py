"""Capture: killed, interrupted, or robbed of a worker, it opens and completes to the same bytes."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from capture_jobs import JOB, LONG, contents

from reverie.core.console import PlainConsole
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.lock import alone
from reverie.data.check import check_data
from reverie.data.stages import stage
from reverie.data.store import open_data
from reverie.engine.crew import Crew
from reverie.envs import gymnasium_world
from reverie.verbs.capture import CaptureJob, capture, resume_capture

SCRIPT = """
import json, sys
from pathlib import Path
from reverie.engine.crew import Crew
from reverie.envs import gymnasium_world
from reverie.verbs.capture import CaptureJob, capture, resume_capture
folder, workers, job = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
if (folder / "job.json").exists():
    resume_capture(folder, crew=Crew(workers=workers))
else:
    capture(CaptureJob(**job), folder, crew=Crew(workers=workers))
"""


def start(folder, workers, job):
    command = [sys.executable, "-c", SCRIPT, str(folder), str(workers), json.dumps(job)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment_it_opens_and_completes_to_the_same_bytes(reference, tmp_path, workers):
    folder = tmp_path / "killed"
    whole = list(open_data(reference))
    moments = random.Random(workers)
    kept = []
    for attempt in range(6):
        process = start(folder, workers, LONG)
        if attempt < 5:
            wait_for_frames(process, folder, moments.uniform(0.0, 0.6))
            process.kill()
        done = process.wait() == 0
        if (folder / "manifest.json").exists():
            data = open_data(folder)
            kept.append(len(data))
            for index in {*range(0, len(data), 17), len(data) - 1} - {-1}:
                assert np.array_equal(data[index].frames, whole[index].frames)
                assert np.array_equal(data[index].actions, whole[index].actions)
        if done:
            break
    assert done
    assert kept == sorted(kept) and len(kept) > 1
    assert contents(folder) == contents(reference)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["killed"]


def wait_for_frames(process, folder, seconds):
    """Wait until recording goes on, and then some time more; a capture that ends sooner just ends."""
    staging = folder / ".staging"
    while process.poll() is None and not staging.exists():
        time.sleep(0.01)
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)


def test_a_stopped_capture_leaves_no_trace_of_the_stop(recorded, tmp_path):
    """Staged but uncommitted episodes, half-written files and leftovers of killed workers do not matter."""
    folder, _ = recorded
    with pytest.raises(KeyboardInterrupt):
        capture(CaptureJob(**JOB), tmp_path / "data", Interrupting(after=20))
    data = tmp_path / "data"
    kept = len(open_data(data))
    assert 0 < kept < 30 and check_data(data) == []
    (data / ".staging" / "00000029.episode").write_bytes(b"torn by a power cut")
    (data / ".staging" / "00000028.episode.1.tmp").write_bytes(b"half")
    (data / "manifest.json.tmp").write_bytes(b"half")
    resume_capture(data)
    assert contents(data) == contents(folder)


class Interrupting(PlainConsole):
    """Presses Ctrl-C after so many episodes."""

    def __init__(self, after):
        self.left = after

    def say(self, text):
        pass

    @contextmanager
    def track(self, label, total, start=0):
        yield self

    def advance(self, amount=1, note=""):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_resume_looks_at_what_is_there_once_it_is_alone(recorded, tmp_path, monkeypatch):
    """Another resume completes the set while this one waits for its turn: nothing is recorded again."""
    data = tmp_path / "data"
    with pytest.raises(KeyboardInterrupt):
        capture(CaptureJob(**JOB), data, Interrupting(after=20))

    @contextmanager
    def late(folder):
        shutil.copytree(recorded[0], folder, dirs_exist_ok=True)
        with alone(folder):
            yield

    monkeypatch.setattr("reverie.verbs.capture.alone", late)
    assert resume_capture(data, Interrupting(after=1))["complete"]
    assert contents(data) == contents(recorded[0])


def test_what_was_staged_is_not_played_again(recorded, tmp_path, monkeypatch):
    data = tmp_path / "data"
    with pytest.raises(KeyboardInterrupt):
        capture(CaptureJob(**JOB), data, Interrupting(after=3))
    for index, episode in enumerate(open_data(recorded[0])):
        stage(data, index, episode, worker=0)
    played = []
    monkeypatch.setattr("reverie.verbs.capture.record", lambda *_: played.append(1))
    monkeypatch.setattr("reverie.verbs._watch.Pace.due", lambda _: True)
    assert resume_capture(data)["complete"] and not played
    assert contents(data) == contents(recorded[0])


def test_resuming_what_is_complete_changes_nothing(recorded):
    folder, result = recorded
    before = contents(folder)
    assert resume_capture(folder) == result
    assert contents(folder) == before


def test_a_worker_that_is_killed_is_named_and_its_episode_is_played_again(reference, tmp_path):
    process = start_and_tell(tmp_path / "data", LONG)
    while not list((tmp_path / "data" / ".staging").glob("*.episode")):
        assert process.poll() is None
        time.sleep(0.005)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("only Linux tells the children of a process")
    workers = [child for child in children.read_text().split() if is_worker(child)]
    os.kill(int(workers[-1]), signal.SIGKILL)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    named = (
        rf"worker 1 \(process {workers[-1]}, exit code -9\) died at episode \d+; another worker does it again"
    )
    assert re.fullmatch(named, told)
    assert contents(tmp_path / "data") == contents(reference)


DEADLY = """
import os, signal
import gymnasium
from gymnasium.envs.classic_control.cartpole import CartPoleEnv

class Deadly(CartPoleEnv):
    def reset(self, **words):
        told = super().reset(**words)
        if self.state[0] < -0.035:
            os.kill(os.getpid(), signal.SIGKILL)
        return told

gymnasium.register("Deadly-v0", entry_point=Deadly)
"""


def test_an_episode_at_which_every_worker_dies_ends_the_capture_and_what_is_made_is_kept(
    tmp_path, monkeypatch
):
    (tmp_path / "deadly.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(str(tmp_path))
    told = r"worker [01] \(process \d+, exit code -9\) died at episode 24, where 2 workers were lost before; "
    with pytest.raises(BrokeWhileWorking, match=told + r"\d+ episodes are kept in .*reverie resume"):
        capture(CaptureJob(**{**JOB, "env": "deadly:Deadly-v0"}), tmp_path / "data", crew=Crew(workers=2))
    assert len(open_data(tmp_path / "data")) > 0 and check_data(tmp_path / "data") == []


def is_worker(child):
    return b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()


def start_and_tell(folder, job):
    script = SCRIPT.replace("import json, sys", "import json, sys\nfrom reverie.core.errors import *")
    script = script.split("if (folder", maxsplit=1)[0] + (
        "from reverie.core.console import Console\n"
        "class Warned(Console):\n    def warn(self, text): sys.stderr.write(text)\n"
        "try:\n    capture(CaptureJob(**job), folder, Warned(), Crew(workers=workers))\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
        "except BrokeWhileWorking as error:\n    sys.stderr.write(str(error))\n    sys.exit(1)\n"
    )
    command = [sys.executable, "-c", script, str(folder), "2", json.dumps(job)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def test_a_capture_is_not_completed_with_another_version_of_its_environment(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        capture(CaptureJob(**JOB), tmp_path / "data", Interrupting(after=20))
    real = gymnasium_world.version
    monkeypatch.setattr(gymnasium_world, "version", lambda name: "0.1" if name == "gymnasium" else real(name))
    with pytest.raises(
        WrongInput, match=r"gymnasium was .* and is 0\.1; go back, or capture into a new folder"
    ):
        resume_capture(tmp_path / "data")


def test_ctrl_c_stops_two_workers_without_noise_and_leaves_a_resumable_set(reference, tmp_path):
    folder = tmp_path / "data"
    process = start_and_tell(folder, LONG)
    wait_for_frames(process, folder, 0.3)
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and told == ""
    open_data(folder)
    resume_capture(folder)
    assert contents(folder) == contents(reference)
