"""Together: a fit by several processes, of which one writes the run."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.engine.ranks import Ranks, joined


def check_processes(count: int, device: str, compile_parts: bool) -> None:
    """Refuse what several processes cannot do."""
    if count < 1:
        raise WrongInput(f"processes must be 1 or more, got {count}")
    if count > 1 and (device != "cpu" or compile_parts):
        given = "--compile" if device == "cpu" else f"device {device!r}"
        raise WrongInput(
            f"{count} processes fit on the CPU, uncompiled, not with {given}; leave out --processes"
        )


@contextmanager
def together(run: Run, count: int, follow: Callable[[Run, Ranks], None]) -> Iterator[Ranks]:
    """Ranks that fit one run: this process writes it, each other a copy that is thrown away."""
    if count == 1:
        yield Ranks(0, 1)
        return
    with TemporaryDirectory(prefix="reverie-") as place:
        for rank in range(1, count):
            copy = Path(place, str(rank))
            copy.mkdir()
            shutil.copy(run.folder / "job.json", copy)
            if (run.folder / "checkpoint").is_dir():
                shutil.copytree(run.folder / "checkpoint", copy / "checkpoint")
        with joined(count, partial(_enter, follow, Path(place))) as ranks:
            yield ranks


def _enter(follow: Callable[[Run, Ranks], None], place: Path, ranks: Ranks) -> None:
    follow(Run.open(place / str(ranks.rank)), ranks)
