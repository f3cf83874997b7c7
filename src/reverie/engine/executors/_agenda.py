"""Agenda: the tasks of a round, handed out once, and again when who had them died."""

import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.engine.crew import Errand, Tasks

Given = tuple[Any, ...]
"""A task as work is called with it: its number, then what it brings along."""

TRIES = 3
"""Workers that may die at one task before it is given up."""


class Agenda:
    """What is still to be handed out."""

    def __init__(self, tasks: Tasks, errand: Errand) -> None:
        self._fresh = iter(tasks.items() if isinstance(tasks, Mapping) else ((task,) for task in tasks))
        self._again: deque[Given] = deque()
        self._deaths: Counter[str] = Counter()
        self._errand = errand

    def next(self) -> Given | None:
        """A task to do now; None when all are handed out."""
        return self._again.popleft() if self._again else next(self._fresh, None)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to hand out."""
        if not self._again:
            self._again.extend(islice(self._fresh, 1))
        return not self._again

    def take_back(self, given: list[Given], who: str, fate: str) -> None:
        """Take back what a worker had when it was lost, at the first of these tasks, or before it began.

        Raises BrokeWhileWorking when too many were lost at that task.
        """
        place = f"at {self._errand.what} {given[0][0]}" if given else "before it began"
        self._deaths[place] += 1
        told = f"{who} {fate} {place}"
        if self._deaths[place] == TRIES:
            raise BrokeWhileWorking(f"{told}, where {TRIES - 1} workers were lost before")
        self._errand.console.warn(f"{told}; another worker {'does it again' if given else 'takes its place'}")
        self._again.extendleft(reversed(given))


def attempt(action: Callable[..., Any], *given: Any) -> tuple[str, Any]:
    """What comes of an action, in a form that travels: ("done", result), or a failure's kind and its text."""
    try:
        return "done", action(*given)
    except WrongInput as error:
        return "wrong", str(error)
    except BrokeWhileWorking as error:
        return "broke", str(error)
    except Exception:
        return "failed", traceback.format_exc()


def result(outcome: tuple[str, Any], who: str) -> Any:
    """The result that `attempt` brought home, or its failure raised here."""
    kind, value = outcome
    if kind == "done":
        return value
    if kind == "wrong":
        raise WrongInput(value)
    if kind == "broke":
        raise BrokeWhileWorking(value)
    raise RuntimeError(f"{who} failed:\n{value}")
