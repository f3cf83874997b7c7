"""Battery: a trained run beside itself with a part taken away, and beside play that sees nothing."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from reverie.agents._words import policy_of
from reverie.core.config import to_json
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.core.files import write_json
from reverie.core.run import Run
from reverie.engine.crew import ALONE, Crew
from reverie.envs.make import make_world
from reverie.ops.intervals import student_interval
from reverie.reports.scores import in_words
from reverie.verbs._performance import Ablation, EvaluateJob
from reverie.verbs.evaluate import evaluate, is_run, named, place_of, resume_evaluate, scores_of

PERIODS = (100, 110, 120, 130, 140, 150, 160)
"""Steps to each side, of which a metronome takes the best on other episodes."""


def battery(
    job: EvaluateJob,
    folder: Path | None = None,
    console: Console = QUIET,
    crew: Crew = ALONE,
    *,
    beside: Sequence[str] = (),
) -> dict[str, Any]:
    """Evaluate a run, its ablations, random and blind periodic play in the same episodes; all of the numbers.

    `beside` names further runs and policies: a controller that was trained on codes alone, say. Each is an
    evaluation of its own in a subfolder; what is finished is not done again. What an arm costs is the mean
    difference to the run, episode by episode, with its 95 % interval.
    Raises WrongInput before work starts.
    """
    job, folder = _checked(job, folder)
    policy = _in_its_world(job)
    further = {_name(subject): _other(job, policy, subject) for subject in beside}
    arms = {"trained": job}
    arms |= {word: replace(job, ablation=word, video="none") for word in get_args(Ablation)[1:]}
    names = [*arms, "random", "blind", *map(_name, beside)]
    if len(set(names)) < len(names):
        raise WrongInput(f"every arm of a battery needs a name of its own, got {', '.join(names)}")
    blind = _best_blind(policy, folder, console, crew)
    arms |= {"random": policy, "blind": replace(policy, subject=blind)} | further
    told = {name: _done(one, folder / name, console, crew) for name, one in arms.items()}
    whole = scores_of(folder / "trained")
    table = {name: _row(one, whole, scores_of(folder / name)) for name, one in told.items()}
    about = {name: told["trained"][name] for name in ("subject", "env", "seed", "frames_seen")}
    result = {**about, "blind": blind, "arms": table}
    write_json(folder / "battery.json", result)
    return result


def page(result: dict[str, Any]) -> str:
    """The arms as lines for people."""
    width = max(map(len, result["arms"]))
    lines = []
    for name, told in result["arms"].items():
        cost = f"; costs {told['cost']:.1f} ({told['cost_low']:.1f} to {told['cost_high']:.1f})"
        several = name != "trained" and told["cost_low"] is not None
        lines.append(f"{name:<{width}} {in_words(told)}{cost if several else ''}")
    return "\n".join([*lines, f"blind is {result['blind']}"])


def _checked(job: EvaluateJob, folder: Path | None) -> tuple[EvaluateJob, Path]:
    """The job with its environment named, and the place of the battery."""
    if not is_run(job.subject):
        raise WrongInput(f"a battery takes parts away from a run; {job.subject!r} is a policy")
    if job.ablation != "none":
        raise WrongInput(f"a battery makes every ablation; leave out --ablation {job.ablation}")
    job = named(job)
    folder = folder or place_of(job).with_name(f"battery-{place_of(job).name}")
    if (folder / "job.json").exists():
        raise WrongInput(f"{folder} is a run of its own; choose another place")
    return job, folder


def _name(subject: str) -> str:
    """What the arm of a run or a policy is called, which is a name of a folder too."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", Path(subject).resolve().name if is_run(subject) else subject)


def _other(job: EvaluateJob, policy: EvaluateJob, subject: str) -> EvaluateJob:
    """The job of another run, or another policy, in the same episodes."""
    if not is_run(subject):
        policy_of(subject)
        return replace(policy, subject=subject)
    other = replace(job, subject=subject, video="none")
    own, its = _in_its_world(job), _in_its_world(other)
    if (own.frame_skip, own.options) != (its.frame_skip, its.options):
        raise WrongInput(f"{subject} plays with another frame skip or other arguments than {job.subject}")
    return other


def _done(job: EvaluateJob, place: Path, console: Console, crew: Crew) -> dict[str, Any]:
    if not (place / "job.json").is_file():
        return evaluate(job, place, console, crew)
    written = Run.open(place).job()
    if written["verb"] != "evaluate" or written["job"] != to_json(job):
        raise WrongInput(f"{place} holds other work than this battery's; choose another place with --into")
    return resume_evaluate(Run.open(place), console, crew)


def _in_its_world(job: EvaluateJob) -> EvaluateJob:
    """The job of play at random in the world that the run plays in."""
    from reverie.verbs import _coded

    world = _coded.world_of(_coded.agent_for(job))
    return replace(
        job, subject="random", video="none", frame_skip=world.frame_skip, options=dict(world.options)
    )


def _best_blind(job: EvaluateJob, folder: Path, console: Console, crew: Crew) -> str:
    """The metronome whose period is best on episodes of the next seed; every action in turn elsewhere."""
    world = make_world(job.env, job.world(64))
    world.close()
    if not {"left", "right"} <= set(world.action_space.names):
        return "periodic"
    means = {}
    for period in PERIODS:
        words = f"periodic:left:{period}+right:{period}@{period // 2}"
        tried = replace(job, subject=words, seed=job.seed + 1)
        means[words] = _done(tried, folder / f"choosing-{period}", console, crew)["mean"]
    return max(means, key=lambda words: means[words])


def _row(told: dict[str, Any], whole: Sequence[float], less: Sequence[float]) -> dict[str, Any]:
    """An arm of the table, and what it loses against the whole in the same episodes."""
    lost = [one - other for one, other in zip(whole, less, strict=True)]
    low, high = student_interval(lost) if len(lost) > 1 else (None, None)
    row = {name: told[name] for name in ("mean", "deviation", "low", "high", "n")}
    return row | {"cost": sum(lost) / len(lost), "cost_low": low, "cost_high": high}
