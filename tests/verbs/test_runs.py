"""Runs as a list tells them."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from reverie.cli import main
from reverie.core.console import PlainConsole
from reverie.verbs.capture import CaptureJob, capture, resume_capture
from reverie.verbs.runs import list_runs, table

JOB = CaptureJob(env="CartPole-v1", episodes=6, size=8)


class Interrupting(PlainConsole):
    """Presses Ctrl-C after two episodes."""

    def __init__(self):
        self.left = 2

    @contextmanager
    def track(self, label, total, start=0):
        yield self

    def advance(self, amount=1, note=""):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def states(folder):
    return {line["data set"]: line["state"] for line in list_runs(folder)}


def test_a_capture_is_finished_once_it_is_complete(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        capture(JOB, tmp_path / "data", Interrupting())
    assert states(tmp_path) == {"data": "unfinished"}
    resume_capture(tmp_path / "data")
    assert states(tmp_path) == {"data": "finished"}


def test_a_capture_with_a_damaged_manifest_is_damaged(tmp_path):
    capture(JOB, tmp_path / "data")
    (tmp_path / "data" / "manifest.json").write_bytes(b"{}")
    (line,) = list_runs(tmp_path)
    assert line["state"] == "damaged" and "manifest.json is damaged" in line["what"]


def test_work_that_goes_on_is_told_from_work_that_was_stopped(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        capture(JOB, tmp_path / "data", Interrupting())
    holding = (
        "import sys; from pathlib import Path; from reverie.core.lock import alone\n"
        "with alone(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(tmp_path / "data")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        assert states(tmp_path) == {"data": "running"}
        other.communicate()
    assert states(tmp_path) == {"data": "unfinished"}


def test_data_sets_come_first_in_a_table_of_their_own(tmp_path):
    capture(JOB, tmp_path / "z")
    words = ["--epochs", "1", "--threads", "1", "--hidden", "4", "--code-size", "3"]
    assert main(["fit", "dense-ae", str(tmp_path / "z"), str(tmp_path / "a"), *words]) == 0
    lines = list_runs(tmp_path)
    assert [("data set" in line, line["state"]) for line in lines] == [
        (True, "finished"),
        (False, "finished"),
    ]
    first, second = table(lines).split("\n\n")
    assert first.startswith("data set") and "CartPole-v1" in first and "6" in first
    assert second.startswith("run") and "dense-ae" in second


def test_of_an_interrupted_fit_the_part_is_told_that_is_done(tmp_path):
    capture(JOB, tmp_path / "data")
    words = ["--epochs", "2", "--threads", "1", "--hidden", "4", "--code-size", "3"]
    assert main(["fit", "dense-ae", str(tmp_path / "data"), str(tmp_path / "run"), *words]) == 0
    (tmp_path / "run" / "result.json").unlink()
    job = (tmp_path / "run" / "job.json").read_text(encoding="utf-8")
    longer = job.replace('"epochs": 2', '"epochs": 8')
    assert longer != job
    (tmp_path / "run" / "job.json").write_text(longer, encoding="utf-8")
    assert "unfinished, 25%" in table(list_runs(tmp_path))
