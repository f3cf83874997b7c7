"""Ranks: several processes take the steps that one would take."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from reverie.core.errors import WrongInput
from reverie.core.family import config_of
from reverie.core.representation import RepresentationConfig
from reverie.engine.plan import Plan
from reverie.engine.ranks import check_splits
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit

LIMIT = 240
SMALL = {"code_size": 4}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks") / "data"
    capture(CaptureJob(env="CartPole-v1", episodes=6, size=16, seed=5, policy="held"), folder)
    return folder


def job(data, processes, word="dense-ae", **plan):
    kind = config_of("representations", word, RepresentationConfig)
    # 7 does not divide by 2, and the last batch is smaller still.
    plan = Plan(**{"epochs": 1, "batch_size": 7, "clip": 1.0, **plan})
    return FitJob(
        data=data, representation=kind(**SMALL), plan=plan, processes=processes,
        conditions=Conditions(validation=0.34, threads=1, device="cpu"),
    )  # fmt: skip


def weights(run):
    parts = load_file(run / "weights.safetensors")
    return torch.cat([part.flatten().double() for part in parts.values()])


@pytest.mark.parametrize("word", ["dense-ae", "conv-vae"])
def test_two_processes_learn_what_one_learns_up_to_rounding(data, tmp_path, word):
    wide = data
    if word == "conv-vae":
        wide = tmp_path / "wide"
        capture(CaptureJob(env="CartPole-v1", episodes=3, size=64, seed=5, max_steps=12), wide)
    one = fit(job(wide, 1, word), tmp_path / "one")
    two = fit(job(wide, 2, word), tmp_path / "two")
    # A step of Adam is about as large as the learning rate, so that this is a part in thousands of one step.
    assert torch.allclose(weights(tmp_path / "one"), weights(tmp_path / "two"), rtol=0, atol=2e-6)
    assert two["validation"] == pytest.approx(one["validation"], rel=1e-5)
    assert two["steps"] == one["steps"] > 3


def test_a_fit_of_two_processes_is_resumed_to_the_same_bits(data, tmp_path):
    plan = {"epochs": 3, "checkpoint_seconds": 0.0}
    whole = job(data, 2, **plan)
    fit(whole, tmp_path / "whole")
    process = start(data, tmp_path / "killed", plan)
    while len(list((tmp_path / "killed").glob("checkpoint/step-*[0-9]"))) < 2:
        assert process.poll() is None
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "killed" / "result.json").exists()
    done = subprocess.run(
        [sys.executable, "-m", "reverie", "resume", str(tmp_path / "killed")],
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert torch.equal(weights(tmp_path / "killed"), weights(tmp_path / "whole"))
    assert events(tmp_path / "killed") == events(tmp_path / "whole")


def events(run):
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def start(data, run, plan):
    words = ["fit", "dense-ae", str(data), str(run), "--processes", "2", "--threads", "1", "--code-size", "4"]
    words += ["--validation", "0.34", "--batch-size", "7", "--clip", "1.0", "--device", "cpu"]
    words += [word for name, value in plan.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    return subprocess.Popen(
        [sys.executable, "-m", "reverie", *words], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux tells the children of a process")
def test_a_rank_that_dies_is_named_and_the_run_goes_on_later(data, tmp_path):
    run = tmp_path / "run"
    process = start(data, run, {"epochs": 2000})
    while not list(run.glob("checkpoint/step-*[0-9]")):
        assert process.poll() is None
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    other = next(child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes())
    os.kill(int(other), signal.SIGKILL)
    told = process.communicate(timeout=LIMIT)[1]
    assert process.returncode == 1
    assert re.search(
        rf"rank 1 of the fit \(process {other}, exit code -9\) died; the last checkpoint is kept", told
    )
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("word", "reason"), [("vicreg", "its loss compares images"), ("conv-ae", "it has a BatchNorm2d")]
)
def test_what_cannot_be_split_is_refused(word, reason):
    kind = config_of("representations", word, RepresentationConfig)
    choices = {"batch_norm": True} if word == "conv-ae" else {}
    with pytest.raises(WrongInput, match=rf"cannot be split: {reason}; leave out --processes"):
        check_splits(kind(**choices).build((3, 64, 64)))


@pytest.mark.parametrize(
    ("processes", "words"), [(0, "processes must be 1 or more, got 0"), (2, "not with --compile")]
)
def test_processes_that_cannot_be_are_refused_before_a_folder_is_made(data, tmp_path, processes, words):
    conditions = Conditions(device="cpu", compile=True)
    wanted = FitJob(
        data=data, representation=job(data, 1).representation, conditions=conditions, processes=processes
    )
    with pytest.raises(WrongInput, match=words):
        fit(wanted, tmp_path / "run")
    assert not (tmp_path / "run").exists()
