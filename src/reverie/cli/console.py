"""What a verb's progress looks like in a terminal; plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from reverie.core.console import Console, PlainConsole, Stream, Tracker, printable


def console_for(stream: Stream) -> Console:
    """A console with live progress bars where the stream is a terminal, else one that writes lines."""
    return TerminalConsole(stream) if stream.isatty() else PlainConsole(stream)


class TerminalConsole(Console):
    """Progress bars with the time left, drawn by rich."""

    def __init__(self, stream: Stream) -> None:
        from rich.console import Console as Rich

        self._rich = Rich(file=cast(IO[str], stream), highlight=False)

    def say(self, text: str) -> None:
        """Write one line."""
        self._rich.print(printable(text), markup=False)

    def warn(self, text: str) -> None:
        """Write one yellow line."""
        self._rich.print(f"warning: {printable(text)}", style="yellow", markup=False)

    @contextmanager
    def track(self, label: str, total: int, start: int = 0) -> Iterator[Tracker]:
        """Draw a bar with count and time left."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        note = TextColumn("{task.fields[note]}", markup=False)
        with Progress(*columns, TimeRemainingColumn(), note, console=self._rich) as progress:
            yield _Bar(progress, progress.add_task(label, total=total, completed=start, note=""))


class _Bar:
    def __init__(self, progress, task) -> None:
        self._progress, self._task, self._note = progress, task, ""

    def advance(self, amount: int = 1, note: str = "") -> None:
        self._note = note or self._note
        self._progress.update(self._task, advance=amount, note=self._note)
