"""Console: where a verb speaks; doors decide what that looks like."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable


@runtime_checkable
class Stream(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> int:
        """Write text."""
        ...

    def flush(self) -> None:
        """Let it be seen."""
        ...

    def isatty(self) -> bool:
        """Whether a person reads it live."""
        ...


@runtime_checkable
class Tracker(Protocol):
    """Progress of one piece of work."""

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Say that so much more is done; `note` is shown beside the count."""
        ...


class Console:
    """A silent console, and the interface of all others."""

    def say(self, text: str) -> None:
        """Tell something worth knowing."""

    def warn(self, text: str) -> None:
        """Tell something that may spoil the result."""

    @contextmanager
    def track(self, label: str, total: int, start: int = 0) -> Iterator[Tracker]:
        """Show progress with an estimate of what is left; `start` of `total` units are done already."""
        yield _Nothing()


QUIET = Console()


def printable(text: str) -> str:
    """The text as a terminal may show it: what files hold could otherwise move its cursor or hide lines."""
    shown = (sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in text)
    return "".join(shown)


class PlainConsole(Console):
    """Lines of text, at most one every `interval` seconds of progress."""

    def __init__(self, stream: Stream, interval: float = 5.0) -> None:
        self._stream = stream
        self._interval = interval

    def say(self, text: str) -> None:
        """Write one line."""
        self._stream.write(printable(text) + "\n")
        self._stream.flush()

    def warn(self, text: str) -> None:
        """Write one line that starts with `warning:`."""
        self.say(f"warning: {text}")

    @contextmanager
    def track(self, label: str, total: int, start: int = 0) -> Iterator[Tracker]:
        """Write a line with count, rate and time left every few seconds."""
        tracker = _Lines(self, label, total, self._interval)
        tracker.resume_at(start)
        yield tracker
        tracker.close()


class _Nothing:
    def advance(self, amount: int = 1, note: str = "") -> None:
        pass


class _Lines:
    def __init__(self, console: PlainConsole, label: str, total: int, interval: float) -> None:
        self._console, self._label, self._total = console, label, total
        self._start = self._done = 0
        self._began = self._spoke = time.monotonic()
        self._interval = interval
        self._note = ""

    def resume_at(self, start: int) -> None:
        self._start = self._done = start

    def advance(self, amount: int = 1, note: str = "") -> None:
        self._done += amount
        self._note = note or self._note
        now = time.monotonic()
        if now - self._spoke >= self._interval:
            self._spoke = now
            self._console.say(self._line(now - self._began))

    def close(self) -> None:
        seconds = time.monotonic() - self._began
        note = f", {self._note}" if self._note else ""
        self._console.say(f"{self._label}: {self._done}/{self._total} in {duration(seconds)}{note}")

    def _line(self, seconds: float) -> str:
        done = self._done - self._start
        left = duration(seconds / done * (self._total - self._done)) if done else "?"
        note = f", {self._note}" if self._note else ""
        return f"{self._label}: {self._done}/{self._total}, {left} left{note}"


def counted(number: int, thing: str) -> str:
    """A number of things in words: 1 episode, 2 episodes."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def duration(seconds: float) -> str:
    """A time span in words: 48 s, 3 min 20 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
