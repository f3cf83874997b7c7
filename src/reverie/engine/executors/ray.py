"""Work done by the machines of a Ray cluster, where no lost node goes unnoticed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.engine.crew import Crew, Errand, Executor, Tasks, Work
from reverie.engine.executors._agenda import Agenda, Given, attempt, result

AHEAD = 2
"""Tasks that a worker is given at a time, so that it never waits for the next."""

ROOM_SECONDS = 60.0
"""How long a cluster may have no room for any worker."""

ANSWER_SECONDS = 15.0
"""How long a cluster may take to say that it is there."""


def start(crew: Crew, errand: Errand) -> Executor:
    """Workers on a cluster that answers, or on a Ray that is started here and ends with the work."""
    return _Cluster(crew, errand)


class _Cluster(Executor):
    def __init__(self, crew: Crew, errand: Errand) -> None:
        self._crew, self._errand = crew, errand
        self._ray, self._ours = _connected(crew)
        self._workers: list[_Worker] = []
        self._room_since = time.monotonic()

    def work_through(self, tasks: Tasks) -> Iterator[tuple[int, Any]]:
        agenda, whole = Agenda(tasks, self._errand), False
        try:
            self._room_since = time.monotonic()
            for number in range(len(self._workers), self._crew.workers):
                self._workers.append(self._begun(number))
            while self._busy(agenda):
                for worker in self._heard():
                    answer = self._answer(worker, agenda)
                    if answer is not None:
                        yield answer[0], result(answer[1], f"worker {worker.number}")
            whole = True
        finally:
            if not whole:
                self._dismiss()

    def close(self) -> None:
        self._dismiss()
        if self._ours:
            self._ray.shutdown()

    def _dismiss(self) -> None:
        workers, self._workers = self._workers, []
        for worker in workers:
            self._ray.kill(worker.actor)

    def _begun(self, number: int) -> "_Worker":
        # Ray itself could restart and repeat; here it must not, so that every death is counted and told.
        actor = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_Desk).remote()
        return _Worker(number, actor, {actor.begin.remote(self._errand.make_work, number): None})

    def _busy(self, agenda: Agenda) -> bool:
        """Hand out what can be; whether anything is still to be waited for."""
        for worker in self._workers:
            worker.fill(agenda)
        return not agenda.empty or any(worker.place and worker.owed for worker in self._workers)

    def _heard(self) -> Iterator["_Worker"]:
        """Wait for workers to say something; those that are silent for too long are ended."""
        owing = {next(iter(worker.owed)): worker for worker in self._workers if worker.owed}
        limit = self._crew.answer_seconds
        ready = self._ray.wait(list(owing), num_returns=1, timeout=min(limit or 5.0, 5.0))[0]
        for answer, worker in owing.items():
            if answer in ready:
                yield worker
            elif limit and worker.place and time.monotonic() - worker.since >= limit:
                worker.fate = f"gave no answer for {limit:g} s"
                self._ray.kill(worker.actor)
                yield worker
        if any(worker.place for worker in self._workers):
            self._room_since = time.monotonic()
        elif time.monotonic() - self._room_since > ROOM_SECONDS:
            raise BrokeWhileWorking(
                f"the Ray cluster has had no free core for any of {len(self._workers)} workers "
                f"for {ROOM_SECONDS:g} s; free some, or add nodes"
            )

    def _answer(self, worker: "_Worker", agenda: Agenda) -> tuple[int, tuple[str, Any]] | None:
        """The task that is done and what came of it; None when a worker has arrived or was lost."""
        answer = next(iter(worker.owed))
        try:
            outcome = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:  # a result that cannot be copied
            outcome = ("failed", str(error))
        except self._ray.exceptions.RayError as error:
            self._replace(worker, agenda, "node has died" in str(error))
            return None
        given = worker.owed.pop(answer)
        worker.since = time.monotonic()
        if given is None:
            worker.place = result(outcome, f"worker {worker.number}")
            return None
        return given[0], outcome

    def _replace(self, worker: "_Worker", agenda: Agenda, with_node: bool) -> None:
        self._ray.kill(worker.actor)
        who = f"worker {worker.number} ({worker.place or 'not begun'})"
        fate = "was lost with its node" if with_node else worker.fate
        agenda.take_back([given for given in worker.owed.values() if given is not None], who, fate)
        self._workers[worker.number] = self._begun(worker.number)


@dataclass
class _Worker:
    number: int
    actor: Any
    owed: dict[Any, Given | None]
    """What it owes an answer to, in order; None is its arrival. It is given no task before."""
    place: str = ""
    """Process and machine, when it has arrived."""
    since: float = field(default_factory=time.monotonic)
    """When it began to owe an answer."""
    fate: str = "died"

    def fill(self, agenda: Agenda) -> None:
        while self.place and len(self.owed) < AHEAD and (given := agenda.next()) is not None:
            if not self.owed:
                self.since = time.monotonic()
            self.owed[self.actor.do.remote(*given)] = given


class _Desk:
    """A worker, where it works."""

    _work: Work

    def begin(self, make_work: Any, number: int) -> tuple[str, Any]:
        """Make the work; the process and the machine that do it."""
        kind, made = attempt(make_work, number)
        if kind != "done":
            return kind, made
        self._work = made
        return "done", f"process {os.getpid()} on {socket.gethostname()}"

    def do(self, *given: Any) -> tuple[str, Any]:
        """What comes of a task."""
        return attempt(self._work, *given)


def _connected(crew: Crew) -> tuple[Any, bool]:
    """Ray, in touch with a cluster; and whether that touch is ours to end. WrongInput where there is none."""
    try:
        import ray
    except ImportError:
        remedy = "pip install 'reverie-worlds[ray]', or use --executor process"
        raise WrongInput(f"Ray is not installed; install it with: {remedy}") from None
    if ray.is_initialized():
        return ray, False
    address = crew.address or os.environ.get("RAY_ADDRESS", "")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not address:
        ray.init(address="local", num_cpus=crew.workers, include_dashboard=False, **quiet)
        return ray, True
    check_answers(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise WrongInput(f"cannot join the Ray cluster at {address}: {reason}") from None
    return ray, True


def check_answers(address: str) -> None:
    """Refuse a cluster that does not answer, within seconds; WrongInput names its address."""
    host, _, port = address.rpartition(":")
    remedy = "start one with `ray start --head`, or leave out --address"
    if address == "auto":
        return
    if not host or not port.isdigit():
        raise WrongInput(f"the address of a Ray cluster is host:port or auto, got {address!r}; {remedy}")
    try:
        # Asked before joining: Ray itself tries for two minutes, and then ends this process.
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
        ask = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
        healthy = (
            subprocess.run(ask, capture_output=True, timeout=ANSWER_SECONDS, check=False).returncode == 0
        )
    except (OSError, OverflowError, UnicodeError, subprocess.TimeoutExpired):
        healthy = False
    if not healthy:
        raise WrongInput(f"no Ray cluster answers at {address}; {remedy}")
