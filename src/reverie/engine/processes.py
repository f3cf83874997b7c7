"""Processes: the same work on many numbers, side by side, where no worker's death goes unnoticed."""

import multiprocessing
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from reverie.core.errors import BrokeWhileWorking, WrongInput

Work = Callable[[int], Any]

AHEAD = 2
"""Tasks that a worker is given at a time, so that it never waits for the next."""

PATIENCE = 0.5
"""Seconds in which a worker without work may end by itself."""


def work_through(
    make_work: Callable[[int], Work], tasks: Iterable[int], workers: int, what: str = "task"
) -> Iterator[tuple[int, Any]]:
    """Do `make_work(worker)(task)` for every task; yields (task, result) as they come, in any order.

    With one worker the work is done here; with more, each is a process of its own (spawned, so that
    `make_work` must be importable). WrongInput and BrokeWhileWorking of a worker are raised here; so is
    BrokeWhileWorking for a worker that dies, naming it and its task, of which `what` is the word.
    """
    if workers > 1:
        try:
            yield from _side_by_side(make_work, iter(tasks), workers)
        except _Died as death:
            raise BrokeWhileWorking(f"{death.who} died at {what} {death.task}") from None
        return
    work = make_work(0)
    for task in tasks:
        yield task, work(task)


class _Died(Exception):
    """A worker is gone."""

    def __init__(self, worker: "_Worker") -> None:
        worker.process.join(5)
        self.who = (
            f"worker {worker.number} (process {worker.process.pid}, exit code {worker.process.exitcode})"
        )
        self.task = worker.tasks[0]


@dataclass
class _Worker:
    number: int
    process: BaseProcess
    connection: Connection
    tasks: list[int] = field(default_factory=list)

    def give(self, tasks: Iterator[int]) -> None:
        while len(self.tasks) < AHEAD:
            task = next(tasks, None)
            if task is None:
                return
            self.tasks.append(task)
            try:
                self.connection.send(task)
            except ConnectionError:
                raise _Died(self) from None


def _side_by_side(
    make_work: Callable[[int], Work], tasks: Iterator[int], count: int
) -> Iterator[tuple[int, Any]]:
    with _deaf_to_interrupts():
        workers = [_start(make_work, number) for number in range(count)]
    try:
        for worker in workers:
            worker.give(tasks)
        while busy := [worker for worker in workers if worker.tasks]:
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready:
                    task, result = _receive(worker)
                    worker.give(tasks)
                    yield task, result
    finally:
        for worker in workers:
            worker.connection.close()
        for worker in workers:
            worker.process.join(PATIENCE)
            worker.process.terminate()
        for worker in workers:
            worker.process.join()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C reaches the whole group: only the parent shall hear it, and what is born here inherits that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hearing = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, hearing)


def _start(make_work: Callable[[int], Work], number: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(make_work, number, theirs), daemon=True)
    process.start()
    theirs.close()
    return _Worker(number, process, ours)


def _receive(worker: _Worker) -> tuple[int, Any]:
    try:
        kind, value = worker.connection.recv()
    except (EOFError, ConnectionError):
        raise _Died(worker) from None
    if kind == "done":
        return worker.tasks.pop(0), value
    if kind == "wrong":
        raise WrongInput(value)
    if kind == "broke":
        raise BrokeWhileWorking(value)
    raise RuntimeError(f"worker {worker.number} failed:\n{value}")


def _serve(make_work: Callable[[int], Work], number: int, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Ended, not shot: a world may have started a process of its own, which its end has to take along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with suppress(EOFError, ConnectionError):  # the parent is gone: nobody wants more
        try:
            work = make_work(number)
            while True:
                connection.send(("done", work(connection.recv())))
        except (EOFError, ConnectionError):
            raise
        except WrongInput as error:
            connection.send(("wrong", str(error)))
        except BrokeWhileWorking as error:
            connection.send(("broke", str(error)))
        except Exception:
            connection.send(("failed", traceback.format_exc()))
