"""Work done by processes of this machine, side by side, where no worker's death goes unnoticed."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any

from reverie.engine.crew import Crew, Errand, Executor, Tasks, Work
from reverie.engine.executors._agenda import Agenda, Given, attempt, result

AHEAD = 2
"""Tasks that a worker is given at a time, so that it never waits for the next."""

PATIENCE = 0.5
"""Seconds in which a worker without work may end by itself."""

LAST_PATIENCE = 5.0
"""Seconds in which a worker that was told to end may do so before it is killed."""


def start(crew: Crew, errand: Errand) -> Executor:
    """As many processes as the crew has workers, each started when there is work for it."""
    return _Processes(crew, errand)


class _Processes(Executor):
    def __init__(self, crew: Crew, errand: Errand) -> None:
        self._crew, self._errand = crew, errand
        self._workers: list[_Worker] = []

    def work_through(self, tasks: Tasks) -> Iterator[tuple[int, Any]]:
        agenda, whole = Agenda(tasks, self._errand), False
        try:
            self._begin(agenda)
            while busy := [worker for worker in self._workers if worker.given]:
                for worker in self._heard(busy):
                    try:
                        task, outcome = worker.hear()
                    except _Lost:
                        self._replace(worker, agenda)
                        continue
                    worker.fill(agenda)
                    if task is not None:
                        yield task, result(outcome, worker.name)
            whole = True
        finally:
            if not whole:
                self.close()

    def close(self) -> None:
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.connection.close()
        for worker in workers:
            worker.process.join(PATIENCE)
            worker.process.terminate()
        for worker in workers:
            worker.end()

    def _begin(self, agenda: Agenda) -> None:
        """Give every worker a task before any has two; a process is started for no less."""
        for number in range(self._crew.workers):
            given = agenda.next()
            if given is None:
                return
            if number == len(self._workers):
                self._workers.append(_begun(self._errand, number))
            self._workers[number].take(given)
        for worker in self._workers:
            worker.fill(agenda)

    def _heard(self, busy: list["_Worker"]) -> Iterator["_Worker"]:
        """Wait for workers to say something; those that are silent for too long are ended."""
        limit = self._crew.answer_seconds
        rest = min(worker.since for worker in busy) + limit - time.monotonic() if limit else None
        ready = wait([worker.connection for worker in busy], None if rest is None else max(0.0, rest))
        for worker in busy:
            if worker.connection in ready:
                yield worker
            elif limit and time.monotonic() - worker.since >= limit:
                worker.fate = f"gave no answer for {limit:g} s"
                worker.end()
                yield worker

    def _replace(self, worker: "_Worker", agenda: Agenda) -> None:
        worker.end()
        who = f"{worker.name} (process {worker.process.pid}, exit code {worker.process.exitcode})"
        agenda.take_back(worker.given, who, worker.fate)
        fresh = _begun(self._errand, worker.number)
        self._workers[worker.number] = fresh
        fresh.fill(agenda)


class _Lost(Exception):
    """A worker is gone."""


@dataclass
class _Worker:
    number: int
    process: BaseProcess
    connection: Connection
    given: list[Given] = field(default_factory=list)
    """Tasks that are not done yet; it works at the first."""
    since: float = field(default_factory=time.monotonic)
    """When it began to owe an answer."""
    fate: str = "died"

    @property
    def name(self) -> str:
        return f"worker {self.number}"

    def fill(self, agenda: Agenda) -> None:
        while len(self.given) < AHEAD and (given := agenda.next()) is not None:
            self.take(given)

    def take(self, given: Given) -> None:
        if not self.given:
            self.since = time.monotonic()
        self.given.append(given)
        with suppress(ConnectionError):  # it died: the next time that it is heard tells
            self.connection.send(given)

    def hear(self) -> tuple[int | None, tuple[str, Any]]:
        """The task that is done and what came of it; no task when it only says that it is ready."""
        try:
            outcome = self.connection.recv()
        except (EOFError, OSError):
            raise _Lost from None
        self.since = time.monotonic()
        if outcome == ("ready", None):
            return None, outcome
        return self.given.pop(0)[0], outcome

    def end(self) -> None:
        self.process.terminate()
        self.process.join(LAST_PATIENCE)
        self.process.kill()
        self.process.join()


def _begun(errand: Errand, number: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(errand.make_work, number, theirs), daemon=True)
    with _deaf_to_interrupts():
        process.start()
    theirs.close()
    return _Worker(number, process, ours)


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


def _serve(make_work: Any, number: int, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Ended, not shot: a world may have started a process of its own, which its end has to take along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # Else a process that a world starts would hold the line open, and nobody would notice that this one died.
    os.set_inheritable(connection.fileno(), False)
    # Tasks are taken in while one is worked at: else both sides could wait for the other to read.
    inbox: SimpleQueue[Given | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    with suppress(ConnectionError):  # the parent is gone: nobody wants more
        kind, work = attempt(make_work, number)
        if kind != "done":
            connection.send((kind, work))
            return
        connection.send(("ready", None))
        _work_off(work, inbox, connection)


def _work_off(work: Work, inbox: "SimpleQueue[Given | None]", connection: Connection) -> None:
    while (given := inbox.get()) is not None:
        outcome = attempt(work, *given)
        try:
            connection.send(outcome)
        except ConnectionError:
            raise
        except Exception as error:
            connection.send(("failed", f"the result of task {given[0]} cannot be copied: {error}"))


def _listen(connection: Connection, inbox: "SimpleQueue[Given | None]") -> None:
    with suppress(EOFError, OSError):
        while True:
            inbox.put(connection.recv())
    inbox.put(None)
