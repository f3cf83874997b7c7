"""Bench of worlds: its bare loops play the very episodes of a capture, its clock counts every processor."""

import subprocess
import sys
import time
from contextlib import chdir
from dataclasses import replace

import numpy as np
import pytest

from reverie.bench import worlds
from reverie.bench._clock import Cost, cost_of, cpu_seconds
from reverie.data.store import open_data
from reverie.verbs.capture import capture

STEPS = {"CarRacing-v3": 25, "VizdoomTakeCover-v1": 400}


def small(case):
    if case.job.env.startswith("Vizdoom"):
        pytest.importorskip("vizdoom")
    return replace(case, job=replace(case.job, episodes=2, max_steps=STEPS.get(case.job.env, 120)))


@pytest.mark.parametrize("case", worlds.CASES, ids=lambda case: case.job.env)
def test_the_bare_loop_makes_the_frames_of_the_capture(case, tmp_path):
    case = small(case)
    capture(case.job, tmp_path / "data")
    recorded, bare = open_data(tmp_path / "data"), case.bare()
    with chdir(tmp_path):
        made = bare.make()
        for index in range(2):
            by_hand = worlds.bare_episode(case.job, bare, made, index)
            assert np.array_equal(np.stack(by_hand), recorded[index].frames)
        made.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a running child takes")
@pytest.mark.parametrize("running", [True, False], ids=["runs", "has ended"])
def test_the_clock_counts_a_child_that(running):
    busy = "import time\nwhile time.process_time() < 0.5: pass\nprint(1, flush=True)\ninput()"
    before = cpu_seconds()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", busy], stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "1\n"
        while_running = cpu_seconds() - before
        child.communicate("\n")
    taken = while_running if running else cpu_seconds() - before
    assert 0.45 < taken < 0.9


def test_waiting_costs_no_processor():
    def work():
        time.sleep(0.2)
        return 1

    cost = cost_of(work)
    assert cost.wall >= 0.2 and cost.cpu < 0.1


def test_a_ratio_above_one_is_a_faster_capture():
    rival, ours = Cost(100, wall=2.0, cpu=1.0), Cost(200, wall=2.0, cpu=4.0)
    assert rival.over(ours) == {"wall": 2.0, "cpu": 0.5}


def test_only_what_follows_the_first_episode_is_measured(tmp_path, monkeypatch):
    """Three seconds more before the first episode are told by themselves, and no frame pays for them."""
    case = small(next(case for case in worlds.CASES if case.job.env == "LunarLander-v3"))
    monkeypatch.setattr(worlds, "capture", lambda *words: (time.sleep(3), capture(*words))[1])
    cost, start = worlds.capture_cost(case.job, tmp_path / "data")
    assert cost.frames == len(open_data(tmp_path / "data")[1]) + 1
    assert start > 2 and cost.wall < 3


def test_a_world_that_is_not_installed_says_so(monkeypatch):
    case = worlds.CASES[0]
    missing = replace(case, job=replace(case.job, env="Absent-v0"))
    monkeypatch.setattr(worlds, "CASES", (missing,))
    assert worlds.measure()["Absent-v0"].startswith("not measured: unknown environment 'Absent-v0'")
