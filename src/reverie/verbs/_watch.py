"""Watching a capture: the estimate of what the whole will take, and how often to commit."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from reverie.core.console import Console, duration
from reverie.data.archive import ArchiveWriter
from reverie.engine.estimate import peak_memory


class Estimate:
    """Says once, after the first episodes, what the whole will take."""

    def __init__(self, total: int, start: int, console: Console) -> None:
        self._total = total
        self._start = start
        self._console = console
        self._began = time.monotonic()
        self._first: tuple[float, int] | None = None
        """When the first episodes were there, and how many: the start of the processes is not their speed."""
        self._said = False

    def update(self, writer: ArchiveWriter, memory: int) -> None:
        """Look at what is done so far; `memory` is that of all worker processes in bytes."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, writer.episodes
        since, already = self._first
        done = writer.episodes - already
        frame_bytes = writer.frame_bytes
        if self._said or done < max(4, (self._total - self._start) // 20) or frame_bytes is None:
            return
        self._said = True
        seconds = since - self._began + (now - since) / done * (self._total - already)
        frames = writer.frames / writer.episodes * self._total
        size = frame_bytes * frames
        parts = [duration(seconds), f"{frames:.0f} frames", f"{megabytes(size)} on disk"]
        held = peak_memory()
        parts += [f"{megabytes(memory + held)} of memory"] if held else []
        self._console.say(f"estimate: {', '.join(parts)}")
        free = shutil.disk_usage(os.fspath(writer.folder)).free
        if free < size:
            self._console.warn(f"only {megabytes(free)} are free on the disk of {writer.folder}")


def megabytes(size: int | float) -> str:
    """Bytes in words."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


class Pace:
    """Commits at most every second, and spends at most a twentieth of the time on it."""

    def __init__(self) -> None:
        self._next = time.monotonic() + 1.0

    def due(self) -> bool:
        """Whether it is time for the next."""
        return time.monotonic() >= self._next

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Take the time of a commit, which says when the next is due."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        self._next = ended + max(1.0, 20.0 * (ended - began))
