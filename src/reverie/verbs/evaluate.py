"""Evaluate: many held-out episodes of an environment, played by a policy or a trained run."""

import csv
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from reverie.agents._words import policy_of
from reverie.core.config import from_json
from reverie.core.console import QUIET, Console
from reverie.core.episode import Ending
from reverie.core.errors import BrokeWhileWorking, WrongInput
from reverie.core.files import read_bytes, write_bytes
from reverie.core.lock import alone
from reverie.core.run import Run, check_free
from reverie.engine.crew import ALONE, Crew
from reverie.engine.outcome import Outcome
from reverie.envs.make import make_world
from reverie.reports.scores import as_csv, summary
from reverie.reports.video import check_video
from reverie.verbs._performance import EvaluateJob, Group, Scene, blind, write_film

__all__ = ["EvaluateJob", "evaluate", "place_of", "resume_evaluate", "scores_of"]


def evaluate(
    job: EvaluateJob, folder: Path | None = None, console: Console = QUIET, crew: Crew = ALONE
) -> dict[str, Any]:
    """Play the episodes of a job, and write what they came to into a new folder; returns the result.

    The folder holds `episodes.csv` with every episode's score, `result.json` with mean, deviation and
    interval, and videos of the first and the worst episode. Scores do not depend on the crew. `frames_seen`
    counts the real frames that a run learnt from; None where that is not known, 0 for a policy.
    Raises WrongInput before work starts, BrokeWhileWorking when the environment breaks.
    """
    job = named(job)
    folder = folder or place_of(job)
    check_free(folder)
    check_video(job.video)
    _check(job)
    return resume_evaluate(Run.create(folder, "evaluate", job), console, crew)


def resume_evaluate(run: Run, console: Console = QUIET, crew: Crew = ALONE) -> dict[str, Any]:
    """Play the episodes that are missing; scores are those of an evaluation that never stopped."""
    written = run.job()
    if written["verb"] != "evaluate":
        raise WrongInput(f"{run.folder} was made by `reverie {written['verb']}`, not by `reverie evaluate`")
    job = from_json(EvaluateJob, written["job"], f"job of {run.folder}")
    with alone(run.folder):
        try:
            return _Evaluation(job, run, console, crew).run()
        except BrokeWhileWorking as error:
            remedy = f"to go on, run: reverie resume {run.folder}"
            raise BrokeWhileWorking(f"{error}; the episodes so far are kept; {remedy}") from error


def place_of(job: EvaluateJob) -> Path:
    """Where an evaluation is kept when no place is named."""
    who = [] if is_run(job.subject) else [job.subject]
    taken = [] if job.ablation == "none" else [job.ablation]
    name = "-".join([*who, *taken, job.env, f"{job.seed}", f"{job.episodes}"])
    home = Path(job.subject) if is_run(job.subject) else Path("runs")
    return home / "evaluations" / re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")


def scores_of(folder: Path) -> list[float]:
    """The score of every episode of an evaluation, in order; WrongInput when it is not finished."""
    Run.open(folder).result()
    lines = read_bytes(folder / "episodes.csv", f"scores of {folder}").decode().splitlines()
    return [float(line["score"]) for line in csv.DictReader(lines)]


def is_run(subject: str) -> bool:
    """Whether a subject is a folder, and no word for a policy."""
    return "/" in subject or Path(subject).is_dir()


def named(job: EvaluateJob) -> EvaluateJob:
    """The job with its environment named: a run's own, where none is given."""
    if job.env or not is_run(job.subject):
        return job
    from reverie.verbs.load_agent import load_agent

    return replace(job, env=load_agent(Path(job.subject)).model.env or "")


def _check(job: EvaluateJob) -> None:
    """Make everything once, so that wrong input is refused before work starts."""
    if is_run(job.subject):
        _check_run(job)
        return
    if job.ablation != "none":
        raise WrongInput(f"ablation {job.ablation} takes something from a run; {job.subject!r} has nothing")
    policy = policy_of(job.subject)
    if not job.env:
        raise WrongInput(f"name the environment that {job.subject!r} acts in: --env LunarLander-v3")
    world = make_world(job.env, job.world(64))
    try:
        policy.build(world.action_space)
    finally:
        world.close()


def _check_run(job: EvaluateJob) -> None:
    from reverie.verbs import _coded
    from reverie.verbs.load import Adopted

    if job.frame_skip != 1 or job.options:
        raise WrongInput(
            f"{job.subject} plays as its recordings were made; leave out --frame-skip, --arguments"
        )
    agent = _coded.agent_for(job)
    if isinstance(agent.model.representation, Adopted):
        raise WrongInput(f"{job.subject} has only the codes of an adopted encoder, and cannot see new frames")
    world = make_world(job.env, _coded.world_of(agent))
    try:
        _coded.check_world(agent, world, job.env)
    finally:
        world.close()


class _Evaluation:
    """One evaluation: hands out groups of episodes, keeps what they came to, sums it up."""

    def __init__(self, job: EvaluateJob, run: Run, console: Console, crew: Crew) -> None:
        self._job, self._run, self._console, self._crew = job, run, console, crew
        self._view = job.world(0)
        self._make_work, self._together = partial(blind, job), 1
        self._frames_seen: int | None = 0
        if is_run(job.subject):
            from reverie.verbs import _coded

            agent = _coded.agent_for(job)
            self._frames_seen = _coded.frames_seen(agent)
            self._view = replace(_coded.world_of(agent), size=0, crop=False, frame_stack=1)
            self._make_work, self._together = partial(_coded.coded, job), job.together
        self._known: dict[int, Outcome] = {}
        self._seconds = 0.0

    def run(self) -> dict[str, Any]:
        """The result, which makes the run finished."""
        if self._run.finished:
            return self._run.result()
        self._remember()
        self._play()
        outcomes = [self._known[episode] for episode in range(self._job.episodes)]
        told = summary(outcomes)
        write_bytes(self._run.folder / "episodes.csv", as_csv(outcomes))
        films = self._films(told["worst_episode"]) if self._job.video != "none" else []
        about = {name: getattr(self._job, name) for name in ("subject", "ablation", "env", "seed")}
        about |= {"frames_seen": self._frames_seen}
        seconds = round(self._seconds, 1)
        return self._run.finish({**about, **told, "seconds": seconds, "videos": films})

    def _remember(self) -> None:
        """Take up what was played before a stop; lines that make no sense are played again."""
        for event in self._run.events():
            try:
                episode, seconds = int(event["episode"]), float(event["seconds"])
                outcome = Outcome(float(event["score"]), int(event["steps"]), event["ending"])
            except (KeyError, TypeError, ValueError, OverflowError):
                continue
            sound = isfinite(outcome.score) and isfinite(seconds) and outcome.steps > 0
            if sound and 0 <= episode < self._job.episodes and outcome.ending in get_args(Ending):
                self._known[episode], self._seconds = outcome, seconds

    def _play(self) -> None:
        total = self._job.episodes
        groups = range(-(-total // self._together))
        missing = [group for group in groups if not self._known.keys() >= set(self._episodes(group))]
        began = time.monotonic() - self._seconds
        label = f"evaluate {self._job.subject}"
        with (
            self._console.track(label, total, len(self._known)) as tracker,
            self._crew.open(self._make_work, "group", self._console) as executor,
        ):
            for number, outcomes in executor.work_through(missing):
                self._seconds = time.monotonic() - began
                self._keep(number, outcomes)
                tracker.advance(len(outcomes))

    def _episodes(self, group: int) -> range:
        first = group * self._together
        return range(first, min(first + self._together, self._job.episodes))

    def _keep(self, group: int, outcomes: Sequence[Outcome]) -> None:
        for episode, outcome in zip(self._episodes(group), outcomes, strict=True):
            self._known[episode] = outcome
            told = {"score": outcome.score, "steps": outcome.steps, "ending": outcome.ending}
            self._run.emit(episode=episode, **told, seconds=round(self._seconds, 2))

    def _films(self, worst: int) -> list[str]:
        """Videos of the first and the worst episode; those played before a stop are played anew."""
        names = []
        work: Group | None = None
        for name, episode in {"first": 0, "worst": worst}.items():
            actions = self._known[episode].actions
            if actions is None:
                work = work or self._make_work(0)
                group = episode // self._together
                actions = work(group)[episode - group * self._together].actions
            assert actions is not None
            names += write_film(self._run.folder / name, self._job, Scene(self._view, episode, actions))
        return names
