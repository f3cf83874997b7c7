"""Work done here, one task after the other."""

from collections.abc import Iterator
from typing import Any

from reverie.engine.crew import Crew, Errand, Executor, Tasks, Work
from reverie.engine.executors._agenda import Agenda


def start(crew: Crew, errand: Errand) -> Executor:
    """This process as the one worker."""
    return _Local(errand)


class _Local(Executor):
    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._work: Work | None = None

    def work_through(self, tasks: Tasks) -> Iterator[tuple[int, Any]]:
        agenda = Agenda(tasks, self._errand)
        while (given := agenda.next()) is not None:
            if self._work is None:
                self._work = self._errand.make_work(0)
            yield given[0], self._work(*given)

    def close(self) -> None:
        self._work = None
