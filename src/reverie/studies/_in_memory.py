"""In memory: small sets of images as batches, and fits that are done once and then read back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int64

from reverie.core.config import to_json
from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.core.seeds import torch_generator
from reverie.core.shapes import Images
from reverie.engine.checkpoint import read_tensors
from reverie.engine.fit import Setup, fit
from reverie.engine.plan import Plan


@dataclass(frozen=True)
class InMemory:
    """Images held in memory, gone through `passes` times an epoch, in an order of seed, epoch and pass.

    Many passes make an epoch, because the loop writes a checkpoint after each and these sets are small.
    """

    images: Images
    batch_size: int
    passes: int
    seed: int

    def __len__(self) -> int:
        """Batches in an epoch; what is left of a pass is not used."""
        return self.passes * self._batches_a_pass()

    def epoch(self, index: int, start: int = 0) -> Iterator[Images]:
        """The batches of an epoch, from `start` on."""
        for numbers in self.numbers(index, start):
            yield self.images[numbers]

    def numbers(self, index: int, start: int = 0) -> Iterator[torch.Tensor]:
        """The numbers of the images in each batch of an epoch, from `start` on."""
        batches = self._batches_a_pass()
        for turn in range(start // batches, self.passes):
            generator = torch_generator(self.seed, "order", index, turn)
            order = torch.randperm(len(self.images), generator=generator).to(self.images.device)
            for batch in range(start - turn * batches if turn == start // batches else 0, batches):
                yield order[batch * self.batch_size : (batch + 1) * self.batch_size]

    def _batches_a_pass(self) -> int:
        return len(self.images) // self.batch_size


@dataclass(frozen=True)
class Labelled:
    """Batches of images, each with its name."""

    batches: InMemory
    names: Int64[torch.Tensor, " batch"]

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.batches)

    def epoch(self, index: int, start: int = 0) -> Iterator[tuple[Images, torch.Tensor]]:
        """The batches of an epoch, from `start` on."""
        for numbers in self.batches.numbers(index, start):
            yield self.batches.images[numbers], self.names[numbers]


def fit_once(setup: Setup, plan: Plan, folder: Path, console: Console) -> None:
    """Fit the module in a run of its own; an interrupted one is continued, a finished one read back."""
    # Such small steps are fastest on one thread, and the same number of threads gives the same bits.
    torch.set_num_threads(1)
    run = (
        Run.open(folder)
        if (folder / "job.json").exists()
        else Run.create(folder, "study", plan, {"seed": setup.seed})
    )
    written = run.job()
    if written["job"] != to_json(plan) or written["uses"] != {"seed": setup.seed}:
        raise WrongInput(f"{folder} was fitted in another way; remove it, or choose another folder")
    if run.finished:
        sums = run.result()["sha256"]
        setup.module.load_state_dict(
            read_tensors(folder / "weights.safetensors", sums["weights.safetensors"])
        )
        setup.module.eval()
        return
    outcome = fit(setup, plan, run, console)
    clock = outcome.clock
    run.finish({"steps": clock.step, "seconds": round(clock.seconds, 1), "sha256": outcome.sha256})
