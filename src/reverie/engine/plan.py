"""Plan: how long and how fast to learn; the clocks that change the pace."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from reverie.core.config import Config
from reverie.core.errors import WrongInput


@dataclass(frozen=True, kw_only=True)
class Plan(Config):
    """How a fit proceeds."""

    epochs: int = 10
    """Passes over the training frames."""
    batch_size: int = 64
    """Frames in one step."""
    learning_rate: float = 1e-3
    """Step size of Adam at the start."""
    schedule: Literal["constant", "linear", "cosine", "plateau"] = "constant"
    """How the learning rate falls: not at all, annealed over the run, or halved when validation stalls."""
    final_learning_rate: float = 0.0
    """Where linear and cosine annealing end."""
    plateau_patience: int = 3
    """Epochs without a better validation loss before `plateau` lowers the learning rate."""
    plateau_factor: float = 0.5
    """What `plateau` multiplies the learning rate by."""
    patience: int = 0
    """Epochs without a better validation loss before stopping with the best weights; 0 never stops."""
    clip: float = 0.0
    """Largest norm of the gradient; 0 leaves it alone."""
    checkpoint_seconds: float = 60.0
    """Seconds between checkpoints inside an epoch; the end of an epoch always has one."""
    keep_epochs: bool = False
    """Keep the weights of every epoch in `snapshots/`, to follow what they know over training."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        for name in ("epochs", "batch_size", "learning_rate", "plateau_patience"):
            if not getattr(self, name) > 0:
                raise WrongInput(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("final_learning_rate", "patience", "clip", "checkpoint_seconds"):
            if not getattr(self, name) >= 0:
                raise WrongInput(f"{name} must not be negative, got {getattr(self, name)}")
        if not 0 < self.plateau_factor < 1:
            raise WrongInput(f"plateau_factor must lie between 0 and 1, got {self.plateau_factor}")


@dataclass
class Clock:
    """Where a fit stands, in numbers that JSON can hold; everything but weights and generator states."""

    epoch: int = 0
    batch: int = 0
    """Batches of this epoch that are done."""
    step: int = 0
    pace: float = 1.0
    """What plateaus have made of the learning rate."""
    stalled: int = 0
    """Epochs without a better validation loss, as the plateau schedule counts them."""
    best: float | None = None
    """Best validation loss so far."""
    best_epoch: int = 0
    history: list[float] = field(default_factory=list)
    """Validation loss after each epoch."""
    seconds: float = 0.0
    """Time spent so far, over all resumptions."""
    cpu_seconds: float = 0.0
    """Time that processors worked on it, all threads together."""

    def learning_rate(self, plan: Plan, steps: int) -> float:
        """Learning rate of the next step, of `steps` in all."""
        if plan.schedule in ("constant", "plateau"):
            return plan.learning_rate * self.pace
        done = min(self.step / max(1, steps - 1), 1.0)
        shape = 1.0 - done if plan.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
        return plan.final_learning_rate + (plan.learning_rate - plan.final_learning_rate) * shape

    def validated(self, loss: float, plan: Plan) -> bool:
        """Take note of an epoch's validation loss; true when it is the best so far."""
        self.history.append(loss)
        better = self.best is None or loss < self.best
        if better:
            self.best, self.best_epoch, self.stalled = loss, self.epoch, 0
            return True
        self.stalled += 1
        if plan.schedule == "plateau" and self.stalled >= plan.plateau_patience:
            self.pace *= plan.plateau_factor
            self.stalled = 0
        return False

    def exhausted(self, plan: Plan) -> bool:
        """Whether early stopping ends the run now."""
        waited = len(self.history) - 1 - self.best_epoch
        return plan.patience > 0 and bool(self.history) and waited >= plan.patience

    def to_json(self) -> dict[str, Any]:
        """All fields as plain values."""
        return dict(vars(self))
