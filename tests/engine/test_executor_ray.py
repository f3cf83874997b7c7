"""Ray: nodes that die are told and lose nothing; clusters that are not there are refused at once."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reverie.core.errors import WrongInput
from reverie.engine.crew import Crew
from reverie.engine.executors import ray as ray_executor
from reverie.verbs.capture import CaptureJob, capture

LIMIT = 300
"""Seconds that two nodes may take on a busy machine; alone they take about 40."""

needs_ray = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import ray"], capture_output=True, check=False).returncode != 0,
    reason="the extra `ray` is not installed",
)


def program(place, *words):
    done = subprocess.run(
        [sys.executable, *words],
        cwd=place, env={**os.environ, "LC_ALL": "C"},
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@needs_ray
def test_a_node_that_is_killed_changes_no_result_and_capture_by_ray_no_byte(tmp_path, two_nodes_module):
    script = Path(__file__).with_name("two_nodes.py")
    status, out, err = program(tmp_path, str(script), "by-ray")
    assert status == 0, err[-3000:]
    told = json.loads(out.splitlines()[-1])
    here = Crew()
    with here.open(two_nodes_module.draws) as executor:
        first = dict(executor.work_through(range(two_nodes_module.TASKS)))
        second = dict(executor.work_through(two_nodes_module.SCALES))
    assert {int(task): result for task, result in told["first"].items()} == first
    assert {int(task): result for task, result in told["second"].items()} == second
    again = "another worker does it again"
    lost = rf"worker \d \(process \d+ on \S+\) (died|was lost with its node) at draw \d+; {again}"
    # Where the machine is busy, a worker of the lost node may not have begun yet.
    lost += r"|worker \d \(not begun\) died before it began; another worker takes its place"
    assert told["heard"] and all(re.fullmatch(lost, line) for line in told["heard"])
    capture(CaptureJob(**two_nodes_module.CAPTURE), tmp_path / "here")
    assert files(tmp_path / "by-ray") == files(tmp_path / "here")


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def two_nodes_module(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import two_nodes

    return two_nodes


@needs_ray
def test_a_cluster_that_is_not_there_is_one_sentence_within_seconds(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    words = ("-m", "reverie", "capture", "CartPole-v1", "data", "--executor", "ray", "--address", address)
    status, _, err = program(tmp_path, *words)
    assert status == 2 and time.monotonic() - began < 60
    said = f"no Ray cluster answers at {address}; start one with `ray start --head`, or leave out --address"
    assert said in err and "Traceback" not in err


@needs_ray
def test_a_port_that_is_not_rays_is_told_from_a_cluster(monkeypatch):
    monkeypatch.setattr(ray_executor, "ANSWER_SECONDS", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(WrongInput, match=f"no Ray cluster answers at {address}"):
            ray_executor.check_answers(address)


@pytest.mark.parametrize(
    "address", ["hello", "host:port", ":6379", "ray://host:10001", "nobody.invalid:6379"]
)
def test_an_address_that_cannot_be_is_refused(address):
    with pytest.raises(WrongInput, match=re.escape(address)):
        ray_executor.check_answers(address)


def test_ray_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[ray\]', or use --executor process"),
        Crew(executor="ray").open(abs),
    ):
        pass


def test_ray_is_not_imported_where_it_is_not_asked_for(tmp_path):
    script = (
        "import sys\n"
        "from reverie.engine.crew import Crew\n"
        "with Crew(executor='process').open(float) as executor: pass\n"
        "import reverie.verbs.capture, reverie.cli.making\n"
        "sys.exit('ray' in sys.modules)"
    )
    assert program(tmp_path, "-c", script)[0] == 0
