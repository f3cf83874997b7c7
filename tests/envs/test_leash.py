"""An engine ends with the process that plays it, even if that is killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reverie.envs.leash import leashed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a program with its parent")

PLAYER = """
import time
from reverie.core.seeds import numpy_generator
from reverie.envs.make import WorldConfig, make_world
make_world("VizdoomTakeCover-v1", WorldConfig()).reset(numpy_generator(1))
print("playing", flush=True)
time.sleep(60)
"""
STARTER = """
import subprocess, sys, time
print(subprocess.Popen([sys.argv[1], "30"]).pid, flush=True)
time.sleep(60)
"""


def ends(processes: list[Path]) -> bool:
    deadline = time.monotonic() + 10
    while any(process.exists() and not is_over(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_over(process: Path) -> bool:
    """Gone, or a zombie that nobody asked for yet."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def children(pid: int) -> list[Path]:
    words = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [Path(f"/proc/{child}") for child in " ".join(words).split()]


def start(*words: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline()


def test_a_leashed_program_ends_with_who_started_it(tmp_path):
    (tmp_path / "a b").mkdir()
    launcher = leashed(Path("/bin/sleep"), tmp_path / "a b")
    process, said = start(STARTER, str(launcher))
    engine = Path(f"/proc/{int(said)}")
    while (engine / "cmdline").read_bytes().split(b"\0")[0] != b"/bin/sleep":
        time.sleep(0.01)
    assert not is_over(engine)
    process.kill()
    process.communicate()
    assert ends([engine])


def test_where_nothing_may_be_run_the_program_is_taken_as_it_is(tmp_path, monkeypatch):
    class Mounted:
        f_flag = os.ST_NOEXEC

    monkeypatch.setattr(os, "statvfs", lambda _: Mounted)
    assert leashed(Path("/bin/sleep"), tmp_path) == Path("/bin/sleep")


def test_a_killed_player_of_doom_leaves_no_engine(tmp_path):
    pytest.importorskip("vizdoom")
    process, said = start(PLAYER)
    assert said == "playing\n"
    engines = children(process.pid)
    assert len(engines) == 1 and b"vizdoom" in (engines[0] / "cmdline").read_bytes()
    process.kill()
    process.communicate()
    assert ends(engines)
