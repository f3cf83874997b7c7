"""Audit: whether a world model's dream can be trusted, found out before anything is trained in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.agents._words import policy_of
from reverie.core.config import Config, from_json, to_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.files import write_json
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator, torch_generator
from reverie.core.world import ActionSpace, Policy
from reverie.core.world_model import Actor, Starts, WorldModel
from reverie.data.sequences import CodedEpisodes
from reverie.engine.blind import Blind
from reverie.engine.crew import ALONE, Crew
from reverie.engine.outcome import play
from reverie.envs.dream import DreamConfig, dream
from reverie.envs.make import make_unseen_world
from reverie.ops.intervals import student_interval
from reverie.ops.neighbours import nearest_distances
from reverie.verbs.capture import CaptureJob
from reverie.verbs.load_model import LoadedModel, held_out_episodes, load_model, starts, training_episodes

NAME = "audit.json"

STRANGERS, STEPS, CLOUD = 64, 300, 5000
"""Dreams whose codes are compared with recorded ones, their longest, and the recorded codes."""

FAR_OFF = 0.25
"""Share by which a dream may miss the real length of a known policy before it is called wrong."""


@dataclass(frozen=True, kw_only=True)
class AuditJob(Config):
    """Which dream is audited, and how."""

    run: Path
    """Run folder of the world model."""
    temperatures: tuple[float, ...] = (0.5, 1.0, 1.15, 1.3)
    """Temperatures of which the best is told."""
    policies: tuple[str, ...] = ("random", "held", "still")
    """Policies that look at nothing, in the dream and in the real environment."""
    episodes: int = 200
    """Episodes of each policy, dreamt and real."""
    max_steps: int = 0
    """Longest episode; 0 takes that of the recordings."""
    seed: int = 0
    """Everything random follows from it."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        self.check_positive("episodes")
        self.check_not_negative("seed", "max_steps")
        if not self.temperatures or not self.policies:
            raise WrongInput("an audit needs a temperature and a policy, got none")
        for temperature in self.temperatures:
            DreamConfig(temperature=temperature)


@dataclass(frozen=True)
class Known:
    """How long the episodes of a policy are, and what they gain."""

    lengths: Sequence[float]
    returns: Sequence[float]

    def to_json(self) -> dict[str, Any]:
        """Means, deviations and the interval of the mean length."""
        low, high = student_interval(self.lengths)
        return {
            "length": float(np.mean(self.lengths)),
            "length_deviation": float(np.std(self.lengths, ddof=1)) if len(self.lengths) > 1 else None,
            "length_interval": [low, high] if len(self.lengths) > 1 else None,
            "return": float(np.mean(self.returns)),
        }


def audit(job: AuditJob, console: Console = QUIET, crew: Crew = ALONE) -> dict[str, Any]:
    """Compare dreams with reality where both are known; written to `audit.json` in the run.

    Policies that look at nothing live as long in a good dream as in the real environment; the temperature
    whose dreams come nearest is told. No trained controller and no score of one is looked at. Beside it: how
    far dreamt codes are from recorded ones. Raises WrongInput for a run without recordings of its own.
    """
    model = load_model(job.run)
    capture = captured_job(model)
    job = replace(job, max_steps=job.max_steps or capture.max_steps)
    space = _named_actions(capture)
    policies = {words: policy_of(words).build(space) for words in job.policies}
    real = {words: _really(job, capture, words, console=console, crew=crew) for words in policies}
    table = []
    with console.track("dream", len(policies) * len(job.temperatures)) as tracker:
        for temperature in job.temperatures:
            config = DreamConfig(temperature=temperature, max_steps=job.max_steps)
            for words, policy in policies.items():
                found = _dreamt(job, model, policy, config)
                table.append(_row(words, temperature, real[words], found))
                tracker.advance(note=f"temperature {temperature:g}, {words}")
    result = {
        "env": model.env,
        "episodes": job.episodes,
        "max_steps": job.max_steps,
        "seed": job.seed,
        "known": table,
        "misses": misses(table),
        "temperature": _best(misses(table)),
        "strangeness": {
            f"{heat:g}": _strange(job, model, policies[job.policies[0]], heat) for heat in job.temperatures
        },
        "forecast": model.run.result().get("forecast"),
    }
    write_json(job.run / NAME, to_json(result))
    return result


def misses(table: Sequence[dict[str, Any]]) -> dict[str, float]:
    """By temperature, how far dreams miss the real lengths: the mean of |log(dreamt / real)|."""
    heats = sorted({row["temperature"] for row in table})
    return {
        f"{heat:g}": float(
            np.mean([abs(math.log(row["ratio"])) for row in table if row["temperature"] == heat])
        )
        for heat in heats
    }


def captured_job(model: LoadedModel) -> CaptureJob:
    """How the recordings of a world model were made; WrongInput where they were not captured here."""
    written = Run.open(model.data.path).job()
    if written["verb"] != "capture":
        raise WrongInput(
            f"{model.data.path} was not captured here but by {written['verb']!r}: its environment is unknown"
        )
    return from_json(CaptureJob, written["job"], "capture")


def _named_actions(capture: CaptureJob) -> ActionSpace:
    """The actions as the environment names them; recordings keep their numbers only."""
    world = make_unseen_world(capture.env, capture)
    world.close()
    return world.action_space


def _best(missed: dict[str, float]) -> float:
    return float(min(missed, key=lambda heat: missed[heat]))


def _row(words: str, temperature: float, real: Known, dreamt: Known) -> dict[str, Any]:
    ratio = float(np.mean(dreamt.lengths) / np.mean(real.lengths))
    return {
        "policy": words,
        "temperature": temperature,
        "real": real.to_json(),
        "dreamt": dreamt.to_json(),
        "ratio": ratio,
        "fine": abs(ratio - 1.0) <= FAR_OFF,
    }


def _really(job: AuditJob, capture: CaptureJob, words: str, *, console: Console, crew: Crew) -> Known:
    """Play a policy in the real environment, undrawn."""
    make_work = partial(_player, job, capture, words)
    with crew.open(make_work, "episode", console) as executor, console.track(words, job.episodes) as tracker:
        found = {}
        for episode, outcome in executor.work_through(range(job.episodes)):
            found[episode] = outcome
            tracker.advance()
    outcomes = [found[episode] for episode in range(job.episodes)]
    return Known([steps for steps, _ in outcomes], [score for _, score in outcomes])


def _player(job: AuditJob, capture: CaptureJob, words: str, worker: int) -> Any:
    world = make_unseen_world(capture.env, capture)
    policy = policy_of(words).build(world.action_space)

    def work(episode: int) -> tuple[float, float]:
        outcome = play(world, policy, numpy_generator(job.seed, "audit", episode), job.max_steps)
        return float(outcome.steps), outcome.score

    return work


def _dreamt(job: AuditJob, model: LoadedModel, policy: Policy, config: DreamConfig) -> Known:
    """Dream the same policy, from the beginnings of held-out episodes."""
    begin = starts(model.world_model, _episodes(model), job.episodes, job.seed, from_start=1.0)
    dreams = dream(model.world_model, begin, _blind(job, model, policy, len(begin)), config, seed=job.seed)
    return Known(dreams.lengths[0].double().tolist(), dreams.returns[0].tolist())


def _strange(job: AuditJob, model: LoadedModel, policy: Policy, temperature: float) -> dict[str, Any]:
    """How far dreamt codes are from recorded ones, under a policy, beside recorded ones held out.

    Medians of the distance to the nearest of `CLOUD` recorded codes; 1 is the ratio of a dream that is no
    stranger than what was held out.
    """
    recorded, held = training_episodes(model), _episodes(model)
    begin = starts(model.world_model, held, min(job.episodes, STRANGERS), job.seed, from_start=1.0)
    actor = _blind(job, model, policy, len(begin))
    dreamt = dreamt_codes(model.world_model, begin, actor, temperature=temperature, seed=job.seed)
    cloud = _some(recorded, CLOUD, job.seed)
    found = float(nearest_distances(dreamt, cloud).median())
    usual = float(nearest_distances(_some(held, len(dreamt), job.seed + 1), cloud).median())
    return {"dreamt": found, "held_out": usual, "ratio": found / usual if usual else None}


@torch.no_grad()
def dreamt_codes(
    world_model: WorldModel, begin: Starts, actor: Actor, *, temperature: float, seed: int
) -> Float[Tensor, "seen code"]:
    """All codes of dreams of at most `STEPS` steps, each up to its end."""
    generator = torch_generator(seed, "strangeness")
    code = begin.mean + begin.deviation * torch.empty_like(begin.mean).normal_(generator=generator)
    hidden, seen = begin.hidden, []
    for _ in range(STEPS):
        hidden, prediction = world_model.step(hidden, code, actor.act(code, hidden))
        code = prediction.code.sample(generator, temperature)
        chance = torch.empty(len(code)).uniform_(generator=generator)
        alive = (chance >= prediction.end_logit.sigmoid()).nonzero()[:, 0]
        if not len(alive):
            break
        code, hidden, actor = code[alive], tuple(part[alive] for part in hidden), actor.keep(alive)
        seen.append(code)
    return torch.cat(seen) if seen else begin.mean


def _some(episodes: CodedEpisodes, count: int, seed: int) -> Float[Tensor, "row code"]:
    """Codes of random frames, drawn from their beliefs."""
    generator = numpy_generator(seed, "some codes")
    rows = generator.integers(len(episodes.mean), size=min(count, len(episodes.mean)))
    noise = generator.standard_normal((len(rows), episodes.mean.shape[1]), np.float32)
    return torch.from_numpy(episodes.mean[rows] + episodes.deviation[rows] * noise)


def _blind(job: AuditJob, model: LoadedModel, policy: Policy, rows: int) -> Blind:
    generators = [numpy_generator(job.seed, "audit", "dream", number) for number in range(rows)]
    return Blind(policy, model.action_space, generators)


def _episodes(model: LoadedModel) -> CodedEpisodes:
    kept = model.job.conditions.validation > 0 and len(model.data) > 1
    return (held_out_episodes if kept else training_episodes)(model)
