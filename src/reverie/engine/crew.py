"""Crew: who does the work on many numbers, and where; the results are the same whoever does it.

A loop that has much to do alike, such as episodes to play or candidates to score, opens a crew once and gives
it round after round:

    def make_work(worker):                       # importable: it is called in another process
        world = make_world(...)                  # what is dear to make is made once a worker
        def work(candidate, parameters):         # depends on what it is given, and on nothing else
            return score(world, parameters, numpy_generator(seed, "fitness", candidate))
        return work

    with crew.open(make_work, "candidate", console) as executor:
        while not searcher.done:
            brought = dict(enumerate(searcher.ask()))
            scores = dict(executor.work_through(brought))   # in any order: keyed by the task's number
            searcher.tell([scores[candidate] for candidate in brought])

Work that needs its number alone is called as `work(task)`: `executor.work_through(range(100))`. `make_work`
may be a `functools.partial` of whatever pickle can copy. Where torch works, let it set the number of torch's
threads: another number may change the last bits.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from reverie.core.config import Config
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.family import members

Work = Callable[..., Any]
Tasks = Iterable[int] | Mapping[int, Any]
"""Numbers of tasks; a mapping tells for each number what the work is given beside it."""


@dataclass(frozen=True)
class Errand:
    """What is to be done: how a worker, told its number, makes its work, and what a task is called."""

    make_work: Callable[[int], Work]
    what: str = "task"
    console: Console = QUIET
    """Hears of every worker that died."""


class Executor(ABC):
    """Workers who do the same work on many numbers."""

    @abstractmethod
    def work_through(self, tasks: Tasks) -> Iterator[tuple[int, Any]]:
        """Do `make_work(worker)(task)` for every task; yields (task, result) as they come, in any order.

        WrongInput and BrokeWhileWorking of the work are raised here, any other failure as a RuntimeError with
        the worker's traceback. A worker that dies is named, replaced, and its tasks are done again; at the
        third death at one task it is BrokeWhileWorking. A round that is left early ends its workers; the next
        round has new ones.
        """

    @abstractmethod
    def close(self) -> None:
        """End all workers."""


@dataclass(frozen=True, kw_only=True)
class Crew(Config):
    """Who does the work: no choice of these changes a result."""

    executor: str = "auto"
    """Where work is done: local, process or ray; auto is local for one worker and process for more."""
    workers: int = 1
    """Workers side by side; the results are the same whatever their number."""
    address: str = ""
    """Ray cluster to work on, host:port; without it Ray is started on this machine."""
    answer_seconds: float = 0.0
    """A worker that takes longer than this for one task counts as dead and is replaced; 0 waits for ever."""

    def __post_init__(self) -> None:
        """Refuse a crew that cannot be."""
        if self.workers < 1:
            raise WrongInput(f"workers must be 1 or more, got {self.workers}")
        self.check_not_negative("answer_seconds")
        known = members("engine.executors")
        if self.executor not in ("auto", *known):
            raise unknown("executor", self.executor, ["auto", *known])
        if self.place == "local" and self.workers > 1:
            raise WrongInput(
                f"executor 'local' is one worker, got workers {self.workers}; use --executor process"
            )
        if self.place != "ray" and self.address:
            raise WrongInput(f"address {self.address} is for --executor ray, not for {self.place!r}")

    @property
    def place(self) -> str:
        """The word of the executor that does the work."""
        if self.executor != "auto":
            return self.executor
        return "process" if self.workers > 1 else "local"

    @property
    def others(self) -> int:
        """Processes beside this one that do the work."""
        return 0 if self.place == "local" else self.workers

    @contextmanager
    def open(
        self, make_work: Callable[[int], Work], what: str = "task", console: Console = QUIET
    ) -> Iterator[Executor]:
        """Have the workers ready for a while; `what` is the word for a task in what `console` is told.

        Raises WrongInput within seconds where an extra is not installed or a cluster does not answer.
        """
        start = import_module(f"reverie.engine.executors.{self.place}").start
        with closing(start(self, Errand(make_work, what, console))) as executor:
            yield executor


ALONE = Crew()
