"""Runs as a list tells them."""

from contextlib import contextmanager

import pytest

from reverie.core.console import PlainConsole
from reverie.verbs.capture import CaptureJob, capture, resume_capture
from reverie.verbs.runs import list_runs

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
    return {line["run"]: line["state"] for line in list_runs(folder)}


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
