"""Side by side, and no worker's death goes unnoticed."""

import os
import signal

import pytest

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.engine.processes import work_through


def squares(worker):
    return lambda task: task * task


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
        return task

    return work


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_done_once(workers):
    assert dict(work_through(squares, range(9), workers)) == {task: task * task for task in range(9)}


def test_more_workers_than_tasks_are_fine():
    assert dict(work_through(squares, range(1), 3)) == {0: 0}


@pytest.mark.parametrize(
    ("task", "error", "words"),
    [
        (5, WrongInput, "five is wrong"),
        (6, BrokeWhileWorking, "six broke"),
        (7, BrokeWhileWorking, r"worker 0 \(process \d+, exit code -9\) died at episode 7"),
        (8, RuntimeError, "KeyError: 'eight'"),
    ],
)
def test_what_happens_to_a_worker_is_told(task, error, words):
    with pytest.raises(error, match=words):
        list(work_through(troubled, iter([task]), 2, "episode"))
