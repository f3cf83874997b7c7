"""Side by side, the same results, and no worker's death goes unnoticed."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from reverie.core.console import Console
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.seeds import numpy_generator
from reverie.engine.crew import Crew

TWO = Crew(workers=2)


def squares(worker):
    return lambda task: task * task


def draws(worker):
    """What a task draws depends on its number and on what it brings, not on who does it or when."""
    return lambda task, scale=1.0: (scale * numpy_generator(3, "draw", task).normal(size=4)).tolist()


def echoes(worker):
    return lambda task, array: array + task


def troubled(worker):
    def work(task):
        if task == 5:
            raise WrongInput("five is wrong")
        if task == 6:
            raise BrokeWhileWorking("six broke")
        if task == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == 8:
            raise KeyError("eight")
        if task == 9:
            return lambda: "cannot be copied"
        return task

    return work


class Once:
    """Work that goes wrong at some tasks, each the first time only; a file remembers which time it is."""

    def __init__(self, folder, how, tasks):
        self.folder, self.how, self.tasks = folder, how, tasks

    def __call__(self, worker):
        def work(task):
            mark = self.folder / str(task)
            if task in self.tasks and not mark.exists():
                mark.touch()
                self.how()
            return task * task

        return work


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def stand_still():
    os.kill(os.getpid(), signal.SIGSTOP)


class Listening(Console):
    """Remembers what it was warned of."""

    def __init__(self):
        self.heard = []

    def warn(self, text):
        self.heard.append(text)


def through(crew, make_work, tasks, **words):
    with crew.open(make_work, **words) as executor:
        return dict(executor.work_through(tasks))


@pytest.mark.parametrize("crew", [Crew(), TWO, Crew(executor="process")])
def test_every_task_is_done_once(crew):
    with crew.open(squares) as executor:
        done = list(executor.work_through(range(9)))
    assert sorted(done) == [(task, task * task) for task in range(9)]


@pytest.mark.parametrize("crew", [TWO, Crew(workers=3), Crew(executor="process")])
def test_results_are_the_same_bits_whoever_does_the_work(crew):
    scales = {task: 0.1 * task for task in range(12)}
    assert through(crew, draws, range(12)) == through(Crew(), draws, range(12))
    assert through(crew, draws, scales) == through(Crew(), draws, scales)


def test_more_workers_than_tasks_are_fine():
    assert through(Crew(workers=3), squares, range(1)) == {0: 0}


def test_workers_serve_many_rounds_without_a_new_start():
    with TWO.open(pids) as executor:
        rounds = [set(dict(executor.work_through(range(6))).values()) for _ in range(3)]
    assert len(set.union(*rounds)) == 2


def pids(worker):
    return lambda task: os.getpid()


def test_a_round_that_is_left_early_leaves_nothing_to_the_next():
    with TWO.open(squares) as executor:
        next(executor.work_through(range(50)))
        assert dict(executor.work_through([60, 61])) == {60: 3600, 61: 3721}


def test_large_tasks_and_large_results_do_not_wait_for_each_other():
    arrays = {task: np.full(400_000, float(task)) for task in range(6)}
    done = through(TWO, echoes, arrays)
    assert all((done[task] == 2 * task).all() for task in arrays)


@pytest.mark.parametrize(
    ("task", "error", "words"),
    [
        (5, WrongInput, "five is wrong"),
        (6, BrokeWhileWorking, "six broke"),
        (7, BrokeWhileWorking, r"worker 0 \(process \d+, exit code -9\) died at episode 7, where 2 workers"),
        (8, RuntimeError, "KeyError: 'eight'"),
        (9, RuntimeError, "the result of task 9 cannot be copied"),
    ],
)
def test_what_happens_to_a_worker_is_told(task, error, words):
    with pytest.raises(error, match=words):
        through(TWO, troubled, iter([task]), what="episode")


def test_what_a_dead_worker_had_is_done_again(tmp_path):
    console = Listening()
    done = through(TWO, Once(tmp_path, die, {3, 4, 11}), range(12), what="episode", console=console)
    assert done == {task: task * task for task in range(12)}
    told = r"worker [01] \(process \d+, exit code -9\) died at episode (\d+); another worker does it again"
    assert sorted(int(re.fullmatch(told, line)[1]) for line in console.heard) == [3, 4, 11]


def test_a_worker_that_gives_no_answer_is_ended_and_its_task_done_again(tmp_path):
    console = Listening()
    crew = Crew(workers=2, answer_seconds=6.0)
    began = time.monotonic()
    done = through(crew, Once(tmp_path, stand_still, {2}), range(5), console=console)
    assert done == {task: task * task for task in range(5)}
    assert len(console.heard) == 1 and "gave no answer for 6 s at task 2;" in console.heard[0]
    assert time.monotonic() - began < 40


def test_a_worker_that_cannot_begin_ends_the_work(tmp_path):
    with pytest.raises(BrokeWhileWorking, match=r"exit code 3\) died at task [01], where 2 workers"):
        through(TWO, cannot_begin, range(4))


def cannot_begin(worker):
    os._exit(3)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"workers": 0}, "workers must be 1 or more, got 0"),
        ({"executor": "proces"}, "unknown executor 'proces'; did you mean 'process'?"),
        ({"executor": "local", "workers": 2}, "executor 'local' is one worker, got workers 2"),
        ({"address": "10.0.0.1:6379"}, "address 10.0.0.1:6379 is for --executor ray, not for 'local'"),
        ({"answer_seconds": -1.0}, "'answer_seconds' must be zero or positive, got -1.0"),
    ],
)
def test_a_crew_that_cannot_be_is_refused(choices, words):
    with pytest.raises(WrongInput, match=re.escape(words)):
        Crew(**choices)


SLOW = """
import sys, time
from reverie.engine.crew import Crew

def slow(worker):
    return lambda task: time.sleep(600) if task else print("begun", flush=True)

if __name__ == "__main__":
    try:
        with Crew(workers=2).open(slow) as executor:
            list(executor.work_through(range(4)))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def test_ctrl_c_ends_the_workers_in_the_middle_of_a_task(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "slow.py")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout.readline() == "begun\n"
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and told == ""
    assert ends(process.pid), "a process of the group is left"


def ends(group, seconds=10):
    """Whether every process of a group is gone in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
