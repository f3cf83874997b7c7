"""Evolution: a searcher is asked, and told what its candidates scored; resumed bit by bit."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from reverie.core.config import Config, from_json, to_json
from reverie.core.console import Console
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.files import sha256
from reverie.core.run import Run
from reverie.core.searcher import Fitness, Searcher, SearcherState
from reverie.core.seeds import numpy_generator
from reverie.engine import checkpoint
from reverie.engine.estimate import Estimate

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, kw_only=True)
class EvolutionPlan(Config):
    """How an evolution proceeds."""

    generations: int = 100
    """Generations in all."""
    rollouts: int = 16
    """Episodes of each candidate; within a generation they are the same for all candidates."""
    held_out: int = 256
    """Episodes on seeds kept apart, by which the distribution's mean is scored."""
    held_out_every: int = 5
    """Generations between such scores; the last one always has one."""
    choose: Literal["best", "earliest", "last"] = "best"
    """Which mean is kept: the best by held-out score, the earliest within its standard error, or the last."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        for name, least in {"generations": 1, "rollouts": 1, "held_out": 2, "held_out_every": 1}.items():
            if getattr(self, name) < least:
                raise WrongInput(f"{name} must be {least} or more, got {getattr(self, name)}")


@dataclass(frozen=True)
class Evolution:
    """Who searches, what scores, and the seed that all chance follows from."""

    searcher: Searcher
    fitness: Fitness
    """Scores the candidates of a generation."""
    held_out: Fitness
    """Scores the mean of the distribution."""
    seed: int


@dataclass(frozen=True, kw_only=True)
class Score(Config):
    """How the mean of the distribution did in some episodes."""

    generation: int
    mean: float
    deviation: float
    """Standard deviation over episodes."""
    episodes: int

    @property
    def standard_error(self) -> float:
        """Standard error of the mean."""
        return self.deviation / math.sqrt(self.episodes)


@dataclass
class Progress:
    """Where an evolution stands, in numbers that JSON can hold."""

    generation: int = 0
    """Generations that are done."""
    episodes: int = 0
    """Episodes of candidates so far."""
    held_out: list[Score] = field(default_factory=list)
    seconds: float = 0.0
    """Time spent so far, over all resumptions."""
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """How an evolution ended."""

    progress: Progress
    chosen: Score
    """The mean that is kept, by the score that it was chosen for."""
    score: Score
    """The same mean in episodes that chose nothing: what to report."""
    sha256: Mapping[str, str]
    """Checksum of every weight file, by its path in the run."""


def evolve(evolution: Evolution, plan: EvolutionPlan, run: Run, console: Console) -> Outcome:
    """Evolve until the plan ends; continues from the newest checkpoint of the run where there is one.

    What is kept and reported is a mean of the distribution, never the best candidate of a generation, whose
    score is partly luck. Raises BrokeWhileWorking when a score is not a number; the last generation stays.
    """
    loop = _Loop(evolution, plan, run)
    loop.restore(console)
    progress = loop.progress
    estimate = Estimate(plan.generations - progress.generation, console)
    with console.track(f"train {run.name}", plan.generations, progress.generation) as tracker:
        while progress.generation < plan.generations:
            tracker.advance(note=loop.generation())
            estimate.step()
    return loop.end()


class _Loop:
    """The moving parts of one evolution: the searcher, and where it stands."""

    def __init__(self, evolution: Evolution, plan: EvolutionPlan, run: Run) -> None:
        self.evolution, self.plan, self.run = evolution, plan, run
        self.searcher = evolution.searcher
        self.progress = Progress()
        self._began, self._cpu_began = time.monotonic(), time.process_time()

    def generation(self) -> str:
        """Do the next generation and save; a note on how it went."""
        number, seed = self.progress.generation, self.evolution.seed
        candidates = self.searcher.ask(numpy_generator(seed, "search", number))
        own = self._seed("generation", number)
        scores = self._scores(self.evolution.fitness, candidates, self.plan.rollouts, own)
        means = scores.mean(1)
        self.searcher.tell(means)
        self.progress.generation += 1
        self.progress.episodes += scores.numel()
        best, mean = means.max().item(), means.mean().item()
        self.run.emit(
            event="generation", generation=number + 1, best=best, mean=mean, sd=means.std().item(),
            sigma=self.searcher.spread(), episodes=self.progress.episodes,
        )  # fmt: skip
        if (number + 1) % self.plan.held_out_every == 0 or number + 1 == self.plan.generations:
            self._hold_out()
        self._save()
        return f"best {best:.4g}, mean {mean:.4g}"

    def _hold_out(self) -> None:
        score = self._score_mean(self.searcher.mean(), self.progress.generation, "held out")
        self.progress.held_out.append(score)
        self.run.emit(event="held out", **to_json(score))
        (self.run.folder / "snapshots").mkdir(exist_ok=True)
        checkpoint.write_tensors(self._snapshot(score.generation), {"parameters": self.searcher.mean()})

    def _score_mean(self, mean: Float[Tensor, " parameter"], generation: int, purpose: str) -> Score:
        # The same episodes for one purpose, so that means of different generations can be compared.
        fitness, seed = self.evolution.held_out, self._seed(purpose)
        returns = self._scores(fitness, mean[None], self.plan.held_out, seed)[0]
        middle, deviation = returns.mean().item(), returns.std().item()
        return Score(generation=generation, mean=middle, deviation=deviation, episodes=len(returns))

    def _seed(self, *purpose: str | int) -> int:
        return int(numpy_generator(self.evolution.seed, *purpose).integers(2**31))

    def _scores(
        self, fitness: Fitness, candidates: Float[Tensor, "candidate parameter"], rollouts: int, seed: int
    ) -> Float[Tensor, "candidate rollout"]:
        scores = fitness(candidates, rollouts, seed).double()
        if not scores.isfinite().all():
            bad = int((~scores.isfinite()).any(1).nonzero()[0])
            raise BrokeWhileWorking(
                f"the score of candidate {bad} is not a number in generation {self.progress.generation + 1}; "
                f"the generations before it are kept in {self.run.folder}: look at its world model"
            )
        return scores

    def _snapshot(self, generation: int) -> Path:
        return self.run.folder / "snapshots" / f"generation-{generation:05d}.safetensors"

    def _save(self) -> None:
        now, cpu = time.monotonic(), time.process_time()
        self.progress.seconds += now - self._began
        self.progress.cpu_seconds += cpu - self._cpu_began
        self._began, self._cpu_began = now, cpu
        state = self.searcher.state()
        events = self.run.folder / "events.jsonl"
        counters = {
            "progress": to_json(self.progress),
            "search": dict(state.numbers),
            "events_size": events.stat().st_size,
        }
        found = checkpoint.Checkpoint({"search": state.tensors}, counters)
        checkpoint.save(self.run.folder / "checkpoint", self.progress.generation, found)

    def restore(self, console: Console) -> None:
        """Go back to the newest whole checkpoint; events written after it are cut off."""
        folder = self.run.folder / "checkpoint"
        checkpoint.clear_halves(folder)
        found = checkpoint.newest(folder, console)
        checkpoint.cut_events(self.run, found.counters.get("events_size") if found else 0)
        if found is None:
            return
        try:
            state = SearcherState(found.tensors["search"], found.counters["search"])
            self.searcher.restore(state)
            self.progress = from_json(Progress, found.counters["progress"], "progress")
        except (KeyError, TypeError, ValueError):
            raise WrongInput(
                f"the checkpoint in {folder} is not of this job; remove the run and train again"
            ) from None

    def end(self) -> Outcome:
        """Write the mean to keep, and score it in episodes that chose nothing."""
        chosen = choice(self.progress.held_out, self.plan.choose)
        mean = checkpoint.read_tensors(self._snapshot(chosen.generation))["parameters"]
        score = self._score_mean(mean, chosen.generation, "report")
        folder = self.run.folder
        checkpoint.write_tensors(folder / WEIGHTS, {"parameters": mean})
        files = [folder / WEIGHTS, *sorted((folder / "snapshots").glob("generation-*.safetensors"))]
        sums = {file.relative_to(folder).as_posix(): sha256(file) for file in files}
        return Outcome(self.progress, chosen, score, sums)


def choice(scores: list[Score], rule: Literal["best", "earliest", "last"]) -> Score:
    """Which of the held-out scores decides, by a rule that was declared before.

    Source: for "earliest", the one-standard-error rule of Breiman et al. 1984.
    """
    if rule == "last":
        return scores[-1]
    best = max(scores, key=lambda score: score.mean)
    if rule == "best":
        return best
    return next(score for score in scores if score.mean >= best.mean - best.standard_error)
