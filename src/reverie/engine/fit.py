"""The training loop: plain, the same for every method, resumed bit by bit."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reverie.core.config import from_json
from reverie.core.console import Console
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.files import sha256
from reverie.core.representation import Losses, Player
from reverie.core.run import Run
from reverie.core.seeds import torch_generator
from reverie.engine import checkpoint
from reverie.engine.estimate import Estimate
from reverie.engine.plan import Clock, Plan
from reverie.engine.setup import Setup, validate

__all__ = ["Outcome", "Setup", "fit"]

EVENTS_PER_EPOCH = 20


@dataclass(frozen=True)
class Outcome:
    """How a fit ended, and the checksum of every weight file that it left, by its path in the run."""

    clock: Clock
    sha256: Mapping[str, str]


def fit(setup: Setup, plan: Plan, run: Run, console: Console) -> Outcome:
    """Fit until the plan ends; continues from the newest checkpoint of the run where there is one.

    The module holds the best weights by validation loss when the plan has patience, else the last ones.
    Raises BrokeWhileWorking when a loss is not a number; the last good checkpoint stays.
    """
    setup.prepare()
    loop = _Loop(setup, plan, run)
    loop.restore(console)
    steps = plan.epochs * len(setup.training)
    estimate = Estimate(steps - loop.clock.step, console)
    with console.track(f"fit {run.name}", steps, loop.clock.step) as tracker:
        while loop.clock.epoch < plan.epochs and not loop.clock.exhausted(plan):
            for total in loop.epoch(steps):
                tracker.advance(note=f"epoch {loop.clock.epoch + 1}, loss {total:.4g}")
                estimate.step()
            loop.close_epoch()
            estimate.pause()
    loop.end()
    return Outcome(loop.clock, loop.sums())


class _Loop:
    """The moving parts of one fit: clock, optimisers, generator, best weights."""

    def __init__(self, setup: Setup, plan: Plan, run: Run) -> None:
        self.setup, self.plan, self.run = setup, plan, run
        self.clock = Clock()
        self.generator = torch_generator(setup.seed, "fit", device=setup.device)
        self.best: dict[str, Tensor] = {}
        # One fused update per step: four times faster than the loop over parameters, same mathematics.
        self.optimisers = {
            player.name: torch.optim.Adam(player.parameters(), plan.learning_rate, fused=True)
            for player in setup.players
        }
        self._saved = time.monotonic()
        self._began = time.monotonic()
        self._cpu_began = time.process_time()

    def epoch(self, steps: int) -> Iterator[float]:
        """Take the steps of an epoch that are not yet done; yields the total loss of each."""
        clock, training = self.clock, self.setup.training
        every = max(1, len(training) // EVENTS_PER_EPOCH)
        self.setup.module.train()
        for batch in training.epoch(clock.epoch, clock.batch):
            rate = clock.learning_rate(self.plan, steps)
            total = 0.0
            for player in self.setup.players:
                losses, total = self._learn(player, batch, rate)
                if clock.step % every == 0:
                    self._emit_training(player, losses, total, rate)
            clock.step += 1
            clock.batch += 1
            yield total
            if time.monotonic() - self._saved > self.plan.checkpoint_seconds and clock.batch < len(training):
                self.save()

    def _learn(self, player: Player, batch: Any, rate: float) -> tuple[Losses, float]:
        optimiser = self.optimisers[player.name]
        optimiser.param_groups[0]["lr"] = rate * player.learning_rate
        with self.setup.computing():
            losses = player.loss(self.setup.on_device(batch), self.generator)
        total = losses.total()
        value = total.item()
        if not math.isfinite(value):
            raise BrokeWhileWorking(_not_a_number(player, losses, self.clock, self.run))
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        self.setup.agree(player.parameters())
        if self.plan.clip:
            norm = nn.utils.clip_grad_norm_(player.parameters(), self.plan.clip)
            if not norm.isfinite():
                raise BrokeWhileWorking(_bad_gradient(player, self.clock, self.run))
        optimiser.step()
        return losses, value

    def close_epoch(self) -> None:
        """Validate, let schedule and early stopping take note, keep the best weights, save."""
        clock = self.clock
        better = clock.validated(self._validate(), self.plan) if self.setup.validation else False
        if better and self.plan.patience:
            self.best = {name: part.detach().clone() for name, part in self.setup.module.state_dict().items()}
        clock.epoch, clock.batch = clock.epoch + 1, 0
        if self.plan.keep_epochs:
            self._keep_snapshot()
        self.save()

    def _validate(self) -> float:
        clock = self.clock
        total, terms = validate(self.setup, f"after epoch {clock.epoch + 1}")
        self.run.emit(event="validation", epoch=clock.epoch + 1, step=clock.step, total=total, terms=terms)
        return total

    def _emit_training(self, player: Player, losses: Losses, total: float, rate: float) -> None:
        clock = self.clock
        terms = {name: term.mean().item() for name, term in losses.terms.items()}
        epoch = clock.epoch + clock.batch / len(self.setup.training)
        self.run.emit(
            event="train", step=clock.step, epoch=round(epoch, 4), player=player.name,
            total=total, terms=terms, learning_rate=rate * player.learning_rate,
        )  # fmt: skip

    def _weights(self) -> dict[str, Tensor]:
        return self.setup.module.state_dict()

    def _keep_snapshot(self) -> None:
        folder = self.run.folder / "snapshots"
        folder.mkdir(exist_ok=True)
        checkpoint.write_tensors(folder / f"epoch-{self.clock.epoch:03d}.safetensors", self._weights())

    def save(self) -> None:
        """Write a checkpoint of this very moment; refuses weights that are not numbers."""
        weights = self._weights()
        if not all(part.isfinite().all() for part in weights.values()):
            raise BrokeWhileWorking(
                f"the weights are not numbers after {_when(self.clock)}; lower --learning-rate"
            )
        now, cpu = time.monotonic(), time.process_time()
        self.clock.seconds += now - self._began
        self.clock.cpu_seconds += cpu - self._cpu_began
        self._began = self._saved = now
        self._cpu_began = cpu
        tensors = {
            "weights": weights,
            "optimiser": checkpoint.optimiser_tensors(self.optimisers),
            "generators": {"fit": self.generator.get_state()},
        } | ({"best": self.best} if self.best else {})
        events = self.run.folder / "events.jsonl"
        written = events.stat().st_size if events.exists() else 0
        counters = {"clock": self.clock.to_json(), "events_size": written}
        checkpoint.save(
            self.run.folder / "checkpoint", self.clock.step, checkpoint.Checkpoint(tensors, counters)
        )

    def restore(self, console: Console) -> None:
        """Go back to the newest whole checkpoint; events written after it are cut off."""
        checkpoint.clear_halves(self.run.folder / "checkpoint")
        found = checkpoint.newest(self.run.folder / "checkpoint", console)
        checkpoint.cut_events(self.run, found.counters.get("events_size") if found else 0)
        if found is None:
            return
        try:
            self._take_over(found)
        except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, WrongInput):
                raise
            place = self.run.folder / "checkpoint"
            raise WrongInput(
                f"the checkpoint in {place} is not of this job; remove the run and fit again"
            ) from None

    def _take_over(self, found: checkpoint.Checkpoint) -> None:
        self.setup.module.load_state_dict(found.tensors["weights"])
        checkpoint.restore_optimisers(self.optimisers, found.tensors["optimiser"])
        self.generator.set_state(found.tensors["generators"]["fit"].cpu())
        self.best = dict(found.tensors.get("best", {}))
        self.clock = from_json(Clock, found.counters["clock"], "clock")

    def end(self) -> None:
        """Leave the module with the weights to keep, in evaluation mode, and write them."""
        if self.best:
            self.setup.module.load_state_dict(self.best)
        self.setup.module.eval()
        checkpoint.write_tensors(self.run.folder / "weights.safetensors", self._weights())

    def sums(self) -> dict[str, str]:
        """Checksum of every weight file that the fit leaves behind."""
        folder = self.run.folder
        files = [folder / "weights.safetensors", *sorted((folder / "snapshots").glob("epoch-*.safetensors"))]
        return {file.relative_to(folder).as_posix(): sha256(file) for file in files}


def _not_a_number(player: Player, losses: Losses, clock: Clock, run: Run) -> str:
    bad = [name for name, term in losses.terms.items() if not term.isfinite().all()]
    names = ", ".join(repr(name) for name in bad) or "the weighted sum"
    return (
        f"the loss term {names} of {player.name} is not a number at {_when(clock)}; the last good checkpoint "
        f"is kept: lower --learning-rate or set --clip 1, and fit {run.name} anew"
    )


def _bad_gradient(player: Player, clock: Clock, run: Run) -> str:
    return (
        f"the gradient of {player.name} is not a number at {_when(clock)}; the last good checkpoint "
        f"is kept: lower --learning-rate, and fit {run.name} anew"
    )


def _when(clock: Clock) -> str:
    return f"step {clock.step} (epoch {clock.epoch + 1})"
