"""Board: a run's events once more, as TensorBoard reads them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reverie.core.errors import WrongInput
from reverie.core.run import Run

FOLDER = "tensorboard"


def check_board() -> Any:
    """TensorBoard's writer; WrongInput, naming the extra, where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        remedy = "pip install 'reverie-worlds[tensorboard]', or leave out --tensorboard"
        raise WrongInput(f"TensorBoard is not installed; install it with: {remedy}") from None
    return SummaryWriter


@contextmanager
def on_board(run: Run, wanted: bool) -> Iterator[None]:
    """While this lasts, every event of the run is also written into RUN/tensorboard, if that is wanted.

    The folder is made anew from `events.jsonl`, so that a resumed run has every point once, as its log has.
    """
    if not wanted:
        yield
        return
    board = _Board(run)
    run.listener = board.follow
    try:
        yield
    finally:
        run.listener = None
        board.close()


class _Board:
    """Reads on where it stopped reading the events."""

    def __init__(self, run: Run) -> None:
        self._writer_of, self._writer = check_board(), None
        self._run, self._read = run, 0

    def follow(self) -> None:
        # Not before the first event: until then the log may still be cut back to a checkpoint.
        if self._writer is None:
            place = self._run.folder / FOLDER
            shutil.rmtree(place, ignore_errors=True)
            self._writer = self._writer_of(str(place))
        with (self._run.folder / "events.jsonl").open("rb") as file:
            file.seek(self._read)
            lines = file.read().rpartition(b"\n")[0]
        self._read += len(lines) + 1 if lines else 0
        for line in lines.splitlines():
            for tag, value, step in points(json.loads(line)):
                self._writer.add_scalar(tag, value, step)
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def points(event: dict[str, Any]) -> Iterator[tuple[str, float, int]]:
    """What TensorBoard is told of an event: tag, value, step; nothing of events without numbers."""
    kind = event.get("event")
    if kind not in ("train", "validation"):
        return
    place = f"train/{event['player']}" if kind == "train" else kind
    numbers = {"total": event["total"], **event["terms"]}
    if kind == "train":
        numbers["learning_rate"] = event["learning_rate"]
    yield from ((f"{place}/{name}", float(value), int(event["step"])) for name, value in numbers.items())
