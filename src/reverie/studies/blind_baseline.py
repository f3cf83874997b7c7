"""Blind baseline: what play that never looks at the screen scores in Doom's TakeCover."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from reverie.core.console import Console
from reverie.core.files import write_bytes
from reverie.core.run import Run
from reverie.engine.crew import Crew
from reverie.ops.intervals import student_interval
from reverie.studies._measured import Results, number, seeds
from reverie.studies._study import StudyConfig, Verdict, thresholds
from reverie.verbs.evaluate import EvaluateJob, evaluate, resume_evaluate, scores_of

ENV = "VizdoomTakeCover-v1"
EPISODES = {70_000: "choosing", 80_000: "episodes"}
"""Seeds of the episodes that choose a period, and of those that test it; the study's seed is added."""
CALLED = {
    "random": "uniform action at every step",
    "held:1-10": "uniform action, held for 1-10 steps",
    "still": "no action",
}


@dataclass(frozen=True, kw_only=True)
class BlindBaselineConfig(StudyConfig):
    """A metronome (strafe left, strafe right, for so many steps each), its period chosen on other episodes.

    Beside it play at random and no action at all. Scale gpu plays ten times as many episodes.
    """

    catalogue: ClassVar[str] = "A32-blind"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Choose a period on some episodes, then play all policies in others, the same for each."""
        limits, more = thresholds("blind-baseline"), 10 if self.scale == "gpu" else 1
        first, second = ((start + seed, more * limits[what]) for start, what in EPISODES.items())
        choosing = {
            str(period): _mean(_played(folder, metronome(period), first, console))
            for period in limits["periods"]
        }
        best = max(limits["periods"], key=lambda period: choosing[str(period)])
        policies = [metronome(best), *CALLED]
        played = {policy: _played(folder, policy, second, console) for policy in policies}
        write_bytes(folder / "scores.csv", _table(played))
        named = dict(zip(("metronome", *CALLED), played.values(), strict=True))
        return {"seed": seed, "period": best, "choosing": choosing, "scores": named}

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Supported when the metronome is above what counts as solved, for every seed."""
        limits = thresholds("blind-baseline")
        claims = _claims(results, limits)
        status = "supported" if all(claims.values()) else "not supported"
        return Verdict(status, claims, _rows(results, limits), _text(results, limits))


def metronome(period: int) -> str:
    """Words of the policy that strafes left and right in turn, `period` steps each, around where it began."""
    return f"periodic:left:{period}+right:{period}@{period // 2}"


def _played(folder: Path, policy: str, episodes: tuple[int, int], console: Console) -> list[float]:
    """Scores of a policy; `episodes` are their seed and their number. What is played is not played again."""
    seed, count = episodes
    place = folder / f"{policy.replace(':', '-').replace('+', '-').replace('@', '-')}-{seed}"
    crew = Crew(workers=min(2, os.cpu_count() or 1))
    if (place / "job.json").is_file():
        resume_evaluate(Run.open(place), console, crew)
    else:
        job = EvaluateJob(subject=policy, env=ENV, episodes=count, seed=seed, video="none")
        evaluate(job, place, console, crew)
    return scores_of(place)


def _table(played: dict[str, list[float]]) -> bytes:
    lines = ["policy,episode,score"]
    lines += [
        f"{policy},{i},{score:g}" for policy, scores in played.items() for i, score in enumerate(scores)
    ]
    return ("\n".join(lines) + "\n").encode()


def _mean(scores: Sequence[float]) -> float:
    return float(np.mean(scores))


def _claims(results: Results, limits: dict[str, Any]) -> dict[str, bool]:
    scores = [result["scores"] for result in results]
    lowest = min(student_interval(one["metronome"])[0] for one in scores)
    pairs = [zip(one["metronome"], one["held:1-10"], strict=True) for one in scores]
    gain = min(student_interval([far - near for far, near in pair])[0] for pair in pairs)
    low, high = student_interval([score for one in scores for score in one["random"]])
    middle, spread = limits["published_random"]
    least, most = middle - spread, middle + spread
    return {
        f"a policy that never looks at the screen is above the {limits['solved']} that count as solved: the "
        "95 % interval of the metronome's mean lies above": lowest > limits["solved"],
        f"it survives at least {limits['gain']} steps longer than random play in the same episodes": (
            gain > limits["gain"]
        ),
        f"the game is the published one: its interval of uniform play, {least:g} to {most:g}, meets ours": (
            low <= most and high >= least
        ),
    }


def _rows(results: Results, limits: dict[str, Any]) -> list[dict[str, Any]]:
    periods = sorted({result["period"] for result in results})
    called = {"metronome": f"metronome, {' or '.join(map(str, periods))} steps each way"} | CALLED
    rows = [_row(results, key, words) for key, words in called.items()]
    rows[0]["needed"] = f"> {limits['solved']}"
    return rows


def _row(results: Results, key: str, words: str) -> dict[str, Any]:
    by_seed = [result["scores"][key] for result in results]
    scores = np.concatenate(by_seed)
    low, high = student_interval(scores.tolist())
    return {
        "policy": words,
        "mean ± sd": f"{scores.mean():.0f} ± {scores.std(ddof=1):.0f}",
        "95 % interval": f"{low:.0f} to {high:.0f}",
        "n": len(scores),
        "means of the seeds": ", ".join(f"{_mean(part):.0f}" for part in by_seed),
        "needed": "",
    }


def _text(results: Results, limits: dict[str, Any]) -> str:
    count = sum(len(result["scores"]["metronome"]) for result in results)
    middle, spread = limits["published_random"]
    chosen = "; ".join(
        f"seed {result['seed']}: "
        + ", ".join(f"{period} {number(float(mean), 0)}" for period, mean in result["choosing"].items())
        for result in results
    )
    metronomes = np.concatenate([result["scores"]["metronome"] for result in results])
    over = 100 * float(np.mean(metronomes > limits["solved"]))
    return (
        "What does a score in TakeCover prove?\n\n"
        "In ViZDoom's TakeCover (one frame a step, at most 2100 steps) a score is the number of steps "
        f"survived, and {limits['solved']} over 100 episodes counts as solved. Here blind policies play "
        f"{count} episodes each, over {seeds(results)}: they see nothing, not even that an episode goes on. "
        "The metronome strafes left and right in turn; how long was chosen on other episodes. Mean steps "
        f"survived while choosing, by period: {chosen}. In the episodes that test it {over:.0f} % last "
        f"longer than {limits['solved']} steps. All policies meet the same episodes. Intervals are Student's "
        "over episodes.\n\n"
        f"Published for comparison (Ha & Schmidhuber 2018): uniform play {middle:g} ± 108 over 100 episodes, "
        f"whose interval is {middle - spread:g} to {middle + spread:g}; the best controller trained in a "
        "dream 1092 ± 556; the one released 973 ± 540. A mean above 750 alone does not show that a "
        "controller uses what it sees."
    )
