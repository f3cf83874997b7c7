"""One case: a command in a folder that was tampered with; and what must hold whatever happens."""

import faulthandler
import io
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from reverie.cli import main

LABOUR = 30.0
"""Seconds of processor time that a case may take; the slowest honest one takes one."""
PATIENCE = 300.0
"""Seconds that a case may wait. A machine that is busy, or was put to sleep, makes everything wait, and once
ended a case in which nothing was wrong: what works without end is told by its labour, much sooner."""
MEMORY = 1 << 30
"""Bytes of address space that a case may take beyond what is there; a shape of 10^12 asks for thousands."""


class Deadline(BaseException):
    """A command did not come back."""


class Watch:
    """Listens to every file that Python opens for writing, every rename, removal, process and connection."""

    def __init__(self) -> None:
        self.inside: Path | None = None
        self.trespasses: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple) -> None:
        if self.inside is None:
            return
        if event in ("socket.connect", "subprocess.Popen", "os.system", "os.exec"):
            self.trespasses += [] if "git" in str(arguments) else [f"{event} {arguments!r}"[:200]]
        for path in _written(event, arguments):
            real = _reached(event, os.fsdecode(path))
            if not real.is_relative_to(self.inside) and str(real) != os.devnull:
                self.trespasses.append(f"{event} {real}")


def _written(event: str, arguments: tuple) -> list:
    """The paths that an audit event changes."""
    if event == "open":
        path, _, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return [path] if writes and isinstance(path, str | bytes) else []
    if event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree", "os.chmod"):
        return [path for path in arguments[:1] if isinstance(path, str | bytes | os.PathLike)]
    if event in ("os.rename", "os.link", "os.symlink"):
        return [path for path in arguments[:2] if isinstance(path, str | bytes | os.PathLike)]
    return []


def _reached(event: str, path: str) -> Path:
    """The file that is really changed: opening follows a link, renaming and removing do not."""
    if event == "open":
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(Path(path).parent)) / Path(path).name


class Siege:
    """Copies a specimen, tampers with the copy, runs a command in it, and looks at what happened."""

    def __init__(self, specimen: Path, field: Path) -> None:
        self._specimen, self._field = specimen, field
        self._watch = Watch()

    def lay(self, words: list[str], tamper: Callable[[Path], None]) -> str:
        """What the command said, on standard error; AssertionError where it broke a promise."""
        place, outside = self._field / "place", self._field / "outside"
        shutil.rmtree(self._field, ignore_errors=True)
        shutil.copytree(self._specimen, place)
        outside.mkdir()
        (outside / "secret.json").write_text('{"secret": "kept"}')
        with _inside(place):
            tamper(place)
            self._watch.inside, self._watch.trespasses = self._field / "place", []
            try:
                status, said, told = _run(words)
            finally:
                self._watch.inside = None
        _judge(words, status, said)
        assert not self._watch.trespasses, self._watch.trespasses
        assert [file.name for file in outside.iterdir()] == ["secret.json"]
        assert (outside / "secret.json").read_text() == '{"secret": "kept"}'
        assert "kept" not in said + told or "secret" not in said + told, "what a link led to was shown"
        assert "\x1b[2J" not in told, "a file drew on the terminal"
        return said


def _run(words: list[str]) -> tuple[int, str, str]:
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors=errors) for errors in ("strict", "backslashreplace")
    )
    paths = list(sys.path)
    with _bounded(), redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(words)
        finally:
            sys.path[:] = paths
    return status, *(stream.detach().getvalue().decode("utf-8") for stream in _flushed(err, out))


def _flushed(*streams: io.TextIOWrapper) -> Iterator[io.TextIOWrapper]:
    for stream in streams:
        stream.flush()
        yield stream


def _judge(words: list[str], status: int, said: str) -> None:
    """An exit status that means something, and one sentence for a person."""
    assert status in (0, 1, 2, 3), f"{words}: status {status}, {said}"
    assert "Traceback" not in said and "a bug of Reverie" not in said, f"{words}: {said[-600:]}"
    assert "not enough memory" not in said, f"{words}: refused only by the system: {said[-600:]}"
    last = said.rstrip("\n").rpartition("\n")[2]
    if status == 2:
        assert last.startswith("reverie: "), f"{words}: not one sentence: {said[-600:]}"
        assert len(last) < 2000, f"{words}: no sentence but {len(last)} letters: {last[:300]}"


@contextmanager
def _inside(place: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _bounded() -> Iterator[None]:
    """Time and memory that end."""

    def ring(number, _):
        labour = number == signal.SIGPROF
        raise Deadline(
            f"no answer after {LABOUR} s of work" if labour else f"still waiting after {PATIENCE} s"
        )

    before = {number: signal.signal(number, ring) for number in (signal.SIGPROF, signal.SIGALRM)}
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    signal.setitimer(signal.ITIMER_PROF, LABOUR)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    faulthandler.dump_traceback_later(4 * PATIENCE, exit=True)  # for what no signal can reach
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        faulthandler.cancel_dump_traceback_later()


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
