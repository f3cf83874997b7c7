"""Battery: a trained run beside itself with a part taken away, and beside play that sees nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

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

PERIODS = (100, 115, 130, 145, 160)
"""Steps to each side, of which a metronome takes the best on other episodes."""


def battery(
    job: EvaluateJob, folder: Path | None = None, console: Console = QUIET, crew: Crew = ALONE
) -> dict[str, Any]:
    """Evaluate a run, its ablations, random and blind periodic play in the same episodes; all of the numbers.

    Each is an evaluation of its own in a subfolder; what is finished is not done again. What an arm costs is
    the mean difference to the run, episode by episode, with its 95 % interval.
    """
    if not is_run(job.subject):
        raise WrongInput(f"a battery takes parts away from a run; {job.subject!r} is a policy")
    if job.ablation != "none":
        raise WrongInput(f"a battery makes every ablation; leave out --ablation {job.ablation}")
    job = named(job)
    folder = folder or place_of(job).with_name(f"battery-{place_of(job).name}")
    if (folder / "job.json").exists():
        raise WrongInput(f"{folder} is a run of its own; choose another place")
    arms = {"trained": job}
    arms |= {word: replace(job, ablation=word, video="none") for word in get_args(Ablation)[1:]}
    policy = _in_its_world(job)
    blind = _best_blind(policy, folder, console, crew)
    arms |= {"random": policy, "blind": replace(policy, subject=blind)}
    told = {name: _done(one, folder / name, console, crew) for name, one in arms.items()}
    whole = scores_of(folder / "trained")
    for name in arms:
        told[name] |= _cost(whole, scores_of(folder / name))
    result = {"subject": job.subject, "env": job.env, "seed": job.seed, "blind": blind, "arms": told}
    write_json(folder / "battery.json", result)
    return result


def page(result: dict[str, Any]) -> str:
    """The arms as lines for people."""
    lines = []
    for name, told in result["arms"].items():
        cost = f"; costs {told['cost']:.1f} ({told['cost_low']:.1f} to {told['cost_high']:.1f})"
        several = name != "trained" and told["cost_low"] is not None
        lines.append(f"{name:<16} {in_words(told)}{cost if several else ''}")
    return "\n".join([*lines, f"blind is {result['blind']}"])


def _done(job: EvaluateJob, place: Path, console: Console, crew: Crew) -> dict[str, Any]:
    if (place / "job.json").is_file():
        return resume_evaluate(Run.open(place), console, crew)
    return evaluate(job, place, console, crew)


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


def _cost(whole: Sequence[float], less: Sequence[float]) -> dict[str, Any]:
    """What an arm loses against the whole, in the same episodes."""
    lost = [one - other for one, other in zip(whole, less, strict=True)]
    low, high = student_interval(lost) if len(lost) > 1 else (None, None)
    return {"cost": sum(lost) / len(lost), "cost_low": low, "cost_high": high}
