"""Ranks: processes of this machine that split every batch, and together take the step that one would take."""

import multiprocessing
import os
import signal
import socket
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.overrides import TorchFunctionMode

from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.representation import Losses, Representation
from reverie.engine.setup import Setup

PATIENCE = timedelta(minutes=5)
"""How long a rank waits for the others before the fit is given up."""

LAST_PATIENCE = 10.0
"""Seconds in which a rank that has done its part may end by itself."""


@dataclass(frozen=True)
class Ranks:
    """One of several processes that fit the same module."""

    rank: int
    count: int

    def split(self, setup: Setup) -> Setup:
        """The same fit, of which this rank does its part: losses and gradients are those of whole batches.

        Weights equal those of one process up to the order in which gradients are summed.
        """
        if self.count == 1:
            return setup
        players = [replace(player, loss=partial(self._loss, player.loss)) for player in setup.players]
        return replace(setup, players=players, agree=_summed)

    def _loss(self, loss: Callable[..., Losses], batch: Any, generator: torch.Generator) -> Losses:
        whole = len(batch[0] if isinstance(batch, tuple) else batch)
        mine = slice(self.rank * whole // self.count, (self.rank + 1) * whole // self.count)
        # Where a batch has fewer frames than there are ranks, who has none looks at the first, for nothing.
        seen = mine if mine.start < mine.stop else slice(0, 1)
        part = tuple(side[seen] for side in batch) if isinstance(batch, tuple) else batch[seen]
        with _WholeNoise(generator, whole, seen):
            losses = loss(part, generator)
        terms = {name: _of_all(term, whole, mine) for name, term in losses.terms.items()}
        return replace(losses, terms=terms)


def check_splits(representation: Representation) -> None:
    """Refuse what sets the images of a batch against each other; WrongInput says what does."""
    kind = nn.modules.batchnorm._BatchNorm
    norms = [type(part).__name__ for part in representation.modules() if isinstance(part, kind)]
    if representation.compares or norms:
        reason = "its loss compares images" if representation.compares else f"it has a {norms[0]}"
        raise WrongInput(f"batches of this method cannot be split: {reason}; leave out --processes")


def _of_all(term: Tensor, whole: int, mine: slice) -> Tensor:
    """A term for every image of the whole batch; gradients flow into this rank's own."""
    everyone = torch.zeros(whole, dtype=term.dtype)
    everyone[mine] = term.detach()[: mine.stop - mine.start]
    distributed.all_reduce(everyone)
    if mine.start == mine.stop:
        return everyone + 0.0 * term.sum()
    return torch.cat([everyone[: mine.start], term, everyone[mine.stop :]])


def _summed(parameters: Iterable[nn.Parameter]) -> None:
    """Replace the gradients by their sum over all ranks."""
    gradients = [part.grad for part in parameters if part.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    parts = together.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


class _WholeNoise(TorchFunctionMode):
    """Noise is drawn for the whole batch, and a rank keeps its rows: the noise that one process would draw.

    So the generator's state, and with it a checkpoint, does not know how many ranks there are.
    """

    def __init__(self, generator: torch.Generator, whole: int, rows: slice) -> None:
        super().__init__()
        self._generator, self._whole, self._rows = generator, whole, rows

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is not self._generator:
            return func(*args, **kwargs)
        if func is not Tensor.normal_ or len(args[0]) != self._rows.stop - self._rows.start:
            raise WrongInput(
                f"the noise of this method ({func.__name__}) cannot be split; leave out --processes"
            )
        noise: Tensor = args[0]
        # The order of draws is that of memory.
        last = noise.dim() == 4 and not noise.is_contiguous()
        order = torch.channels_last if last else torch.contiguous_format
        everyone = torch.empty(self._whole, *noise.shape[1:], dtype=noise.dtype, memory_format=order)
        func(everyone, *args[1:], **kwargs)
        return noise.copy_(everyone[self._rows])


@contextmanager
def joined(count: int, follow: Callable[[Ranks], None]) -> Iterator[Ranks]:
    """This process as the first of `count` ranks; the others are started here and do `follow`.

    `follow` must be importable. Raises BrokeWhileWorking, naming it, when a rank dies or gives no answer.
    """
    if count == 1:
        yield Ranks(0, 1)
        return
    _check_loopback()
    with tempfile.TemporaryDirectory(prefix="reverie-") as place:
        others = [_begun(follow, Ranks(rank, count), place) for rank in range(1, count)]
        try:
            _meet(Ranks(0, count), place)
            yield Ranks(0, count)
            for other in others:
                other.join(LAST_PATIENCE)
        except BrokeWhileWorking:
            raise
        except RuntimeError as error:
            raise BrokeWhileWorking(_fate(others, place, str(error))) from error
        finally:
            if distributed.is_initialized():
                distributed.destroy_process_group()
            for other in others:
                other.kill()
                other.join()


def _begun(follow: Callable[[Ranks], None], ranks: Ranks, place: str) -> BaseProcess:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_follow, args=(follow, ranks, place), daemon=True)
    process.start()
    return process


def _follow(follow: Callable[[Ranks], None], ranks: Ranks, place: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _meet(ranks, place)
        follow(ranks)
    except BrokeWhileWorking:
        os._exit(1)  # the first rank says the same
    except BaseException:
        Path(place, f"fate-{ranks.rank}").write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(1)


def _meet(ranks: Ranks, place: str) -> None:
    loopback = [name for _, name in socket.if_nameindex() if name in ("lo", "lo0")]
    if loopback:
        # Else gloo looks the machine's name up, and where that leads nowhere it tries for minutes.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback[0])
    where = Path(place, "meeting").as_uri()
    distributed.init_process_group("gloo", where, PATIENCE, ranks.count, ranks.rank)


def _check_loopback() -> None:
    try:
        with socket.create_server(("127.0.0.1", 0)) as door:
            socket.create_connection(door.getsockname(), timeout=5).close()
    except OSError as error:
        raise WrongInput(
            f"processes talk over 127.0.0.1, which does not work here ({error}); leave out --processes"
        ) from None


def _fate(others: list[BaseProcess], place: str, error: str) -> str:
    """Which rank is gone, and why; or what the exchange of gradients itself complains of."""
    for rank, other in enumerate(others, start=1):
        other.join(1.0)
        if other.exitcode:
            written = Path(place, f"fate-{rank}")
            last = written.read_text(encoding="utf-8").strip().splitlines()[-1:] if written.exists() else []
            why = f": {last[0]}" if last else ""
            who = f"rank {rank} of the fit (process {other.pid}, exit code {other.exitcode})"
            return f"{who} died{why}; the last checkpoint is kept, and reverie resume goes on from it"
    reason = error.partition("\n")[0]
    return f"the ranks of the fit lost each other ({reason}); reverie resume goes on from the last checkpoint"
