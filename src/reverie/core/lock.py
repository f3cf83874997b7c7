"""Lock: one process at a time works in the folder of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reverie.core.errors import WrongInput


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder of a run, by its job.json, while working in it; WrongInput when another process does.

    The system lets go when the process ends, however it ends. Where it has no such locks, nobody is refused.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / "job.json").open("rb") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongInput(f"another process is working in {folder}; wait for it, or end it") from None
        except OSError:
            pass  # a file system without locks
        yield


def in_use(folder: Path) -> bool:
    """Whether a process works in the folder of a run now; False where the system has no such locks."""
    try:
        with alone(folder):
            return False
    except WrongInput:
        return True
