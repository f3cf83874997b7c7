"""Dream temperature: controllers trained only in a dream of Doom, and what they are worth outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy.stats import rankdata

from reverie.agents.linear_cma import LinearCMAConfig
from reverie.core.config import from_json
from reverie.core.console import Console
from reverie.core.files import read_json
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator
from reverie.engine.evolve import EvolutionPlan
from reverie.engine.plan import Plan
from reverie.envs.dream import DreamConfig
from reverie.ops.intervals import student_interval
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.studies._stages import captured, crew, evaluated, fitted, modelled, trained
from reverie.studies._study import StudyConfig, Verdict, thresholds
from reverie.studies.blind_baseline import ENV, metronome
from reverie.verbs.audit import NAME, AuditJob, audit
from reverie.verbs.capture import CaptureJob
from reverie.verbs.evaluate import EvaluateJob, scores_of
from reverie.verbs.fit import Conditions, FitJob
from reverie.verbs.model import ModelJob
from reverie.verbs.train import Circumstances, TrainJob
from reverie.worldmodels.mdn_rnn import MDNRNNConfig

CLAIMS = {
    "hotter is harder": "the hotter the dream, the lower a controller scores in it",
    "cold is exploited": "a dream at 0.5 promises more than it keeps, by a larger margin than one at 1.15",
    "level 1": "a controller trained only in the dream is above the 750 that count as solved",
    "level 2": "it is better than the best blind policy of this run",
}


@dataclass(frozen=True, kw_only=True)
class DreamTemperatureConfig(StudyConfig):
    """One world model, audited; at each temperature one controller a seed, evolved in its dream alone.

    The whole design is frozen in `thresholds/dream-temperature.json`. The temperature that counts is the
    audit's, the seed that counts the one with the best held-out dreams: no real score is looked at.
    """

    catalogue: ClassVar[str] = "A32"
    seeds: ClassVar[dict[str, int]] = {"cpu": 2, "gpu": 5}

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """The world model, shared by all seeds; then controllers, and their episodes in the real game."""
        limits = thresholds("dream-temperature")
        world = World(folder.parent / "world", limits[self.scale], console)
        rows = [_row(world, folder, seed, heat) for heat in limits["temperatures"]]
        best = _final(world, folder, seed, world.audited()["temperature"])
        return {"seed": seed, "rows": rows, "final": best, "blind": world.blind(), "world": world.told()}

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """Level 1 decides; the other claims stand beside it."""
        limits = thresholds("dream-temperature")
        chosen = max((result["final"] for result in results), key=lambda row: row["dream"])
        blind = results[0]["blind"]
        claims = _claims(results, chosen, blind, limits)
        figures = _figures(chosen, blind)
        status = "supported" if claims[CLAIMS["level 1"]] else "not supported"
        return Verdict(status, claims, _table(results, chosen, blind), _text(results, chosen, blind), figures)


@dataclass(frozen=True)
class World:
    """Recordings, representation, world model and audit: made once, in folders of their own."""

    folder: Path
    chosen: dict[str, Any]
    """The design at one scale."""
    console: Console

    def dynamics(self) -> Path:
        """The world model's run."""
        chosen = self.chosen
        frames, episodes = (self._recorded(name) for name in ("frames", "episodes"))
        conditions = Conditions(
            seed=0, threads=chosen["threads"], device="cpu", precision=chosen["precision"]
        )
        vision = FitJob(
            data=frames, representation=from_json(ConvVAEConfig, chosen["vision"], "conv-vae"),
            plan=from_json(Plan, chosen["vision_plan"], "plan"), conditions=conditions,
        )  # fmt: skip
        seen = fitted(vision, self.folder / "vision", self.console)
        job = ModelJob(
            representation=seen, data=episodes, model=from_json(MDNRNNConfig, chosen["dynamics"], "mdn-rnn"),
            plan=from_json(Plan, chosen["dynamics_plan"], "plan"),
            conditions=Conditions(seed=0, threads=chosen["threads"], device="cpu"),
        )  # fmt: skip
        return modelled(job, self.folder / "dynamics", self.console)

    def audited(self) -> dict[str, Any]:
        """The audit of its dream, which chooses the temperature."""
        run = self.dynamics()
        if not (run / NAME).exists():
            policies = ("random", "held:1-10", "still", metronome(130))
            temperatures = tuple(thresholds("dream-temperature")["temperatures"])
            episodes = self.chosen["audit_episodes"]
            job = AuditJob(run=run, policies=policies, temperatures=temperatures, episodes=episodes)
            audit(job, self.console, crew())
        return read_json(run / NAME, "audit")

    def blind(self) -> dict[str, Any]:
        """The best metronome: its period chosen on some episodes, its score in others."""
        chosen, found = self.chosen, {}
        for period in chosen["periods"]:
            job = _job(metronome(period), chosen["choosing_seed"], chosen["choosing_episodes"])
            found[period] = evaluated(job, self.folder / "blind" / f"{period}", self.console)["mean"]
        best = max(found, key=lambda period: found[period])
        job = _job(metronome(best), chosen["final_seed"], chosen["final_episodes"])
        told = evaluated(job, self.folder / "blind" / "best", self.console)
        return {"period": best, "scores": scores_of(self.folder / "blind" / "best"), "mean": told["mean"]}

    def told(self) -> dict[str, Any]:
        """What the page says of the world model."""
        run = self.dynamics()
        costs = {
            place: Run.open(self.folder / place).result()["cpu_seconds"] for place in ("vision", "dynamics")
        }
        return {"audit": self.audited(), "forecast": Run.open(run).result()["forecast"], "cpu_seconds": costs}

    def _recorded(self, name: str) -> Path:
        wanted = self.chosen[name]
        seed = int(numpy_generator(0, name).integers(2**31))
        job = CaptureJob(
            env=ENV, episodes=wanted["episodes"], seed=seed, policy="mixed", mix=tuple(wanted["mix"]),
            max_steps=2100, stride=wanted["stride"],
        )  # fmt: skip
        return captured(job, self.folder / name, self.console)


def _row(world: World, folder: Path, seed: int, heat: float) -> dict[str, Any]:
    """One controller: its score in its dream, and in the real game."""
    chosen, run = world.chosen, _controller(world, folder, seed, heat)
    job = _job(str(run), chosen["test_seed"], chosen["test_episodes"])
    place = folder / f"played-{heat:g}"
    evaluated(job, place, world.console)
    return {"temperature": heat, **_dreamt(run), "scores": scores_of(place)}


def _final(world: World, folder: Path, seed: int, heat: float) -> dict[str, Any]:
    """The controller at the audit's temperature, in many episodes that nothing was chosen by."""
    run = _controller(world, folder, seed, heat)
    job = _job(str(run), world.chosen["final_seed"], world.chosen["final_episodes"])
    evaluated(job, folder / "final", world.console)
    return {"seed": seed, "temperature": heat, **_dreamt(run), "scores": scores_of(folder / "final")}


def _controller(world: World, folder: Path, seed: int, heat: float) -> Path:
    chosen = world.chosen
    job = TrainJob(
        world_model=world.dynamics(),
        agent=from_json(LinearCMAConfig, chosen["controller"], "linear-cma"),
        plan=from_json(EvolutionPlan, chosen["evolution"], "plan"),
        dream=DreamConfig(temperature=heat, max_steps=2100),
        circumstances=Circumstances(seed=seed, threads=chosen["threads"]),
    )
    return trained(job, folder / f"controller-{heat:g}", world.console)


def _dreamt(run: Path) -> dict[str, Any]:
    told = Run.open(run).result()
    return {
        "dream": told["dream"]["mean"],
        "generation": told["chosen_generation"],
        "cpu_seconds": told["cpu_seconds"],
    }


def _job(subject: str, seed: int, episodes: int) -> EvaluateJob:
    return EvaluateJob(subject=subject, env=ENV, episodes=episodes, seed=seed, max_steps=2100, video="none")


def _claims(
    results: Sequence[dict[str, Any]], chosen: dict[str, Any], blind: dict[str, Any], limits: dict[str, Any]
) -> dict[str, bool]:
    heats, dreams, gaps = [], [], {}
    for row in (row for result in results for row in result["rows"]):
        heats.append(row["temperature"])
        dreams.append(row["dream"])
        gaps.setdefault(row["temperature"], []).append(row["dream"] - float(np.mean(row["scores"])))
    cold, warm = (float(np.mean(gaps[heat])) for heat in (0.5, 1.15))
    gain = student_interval(np.subtract(chosen["scores"], blind["scores"]).tolist())[0]
    held = {
        "hotter is harder": float(np.corrcoef(rankdata(heats), rankdata(dreams))[0, 1]) < 0,
        "cold is exploited": cold > warm,
        "level 1": student_interval(chosen["scores"])[0] > limits["solved"],
        "level 2": gain > 0,
    }
    return {CLAIMS[name]: bool(kept) for name, kept in held.items()}


def _figures(chosen: dict[str, Any], blind: dict[str, Any]) -> dict[str, float]:
    low, high = student_interval(chosen["scores"])
    return {
        "real_mean": float(np.mean(chosen["scores"])),
        "real_low": low,
        "real_high": high,
        "real_n": len(chosen["scores"]),
        "blind_mean": float(np.mean(blind["scores"])),
        "blind_low": student_interval(blind["scores"])[0],
        "dream_mean": chosen["dream"],
    }


def _table(
    results: Sequence[dict[str, Any]], chosen: dict[str, Any], blind: dict[str, Any]
) -> list[dict[str, Any]]:
    rows = [
        _line(f"temperature {row['temperature']:g}", result["seed"], row)
        for result in results
        for row in result["rows"]
    ]
    rows += [_line(f"temperature {row['temperature']:g}, counted", row["seed"], row) for row in (chosen,)]
    return [*rows, _line(f"metronome of {blind['period']} steps, blind", "", blind)]


def _line(who: str, seed: Any, row: dict[str, Any]) -> dict[str, Any]:
    low, high = student_interval(row["scores"])
    real, dream = float(np.mean(row["scores"])), row.get("dream")
    return {
        "controller": who,
        "seed": seed,
        "generation": row.get("generation", ""),
        "in the dream": "" if dream is None else f"{dream:.0f}",
        "in the game": f"{real:.0f} ± {np.std(row['scores'], ddof=1):.0f}",
        "95 % interval": f"{low:.0f} to {high:.0f}",
        "n": len(row["scores"]),
        "dream − game": "" if dream is None else f"{dream - real:+.0f}",
    }


def _text(results: Sequence[dict[str, Any]], chosen: dict[str, Any], blind: dict[str, Any]) -> str:
    world = results[0]["world"]
    known = [row for row in world["audit"]["known"] if row["temperature"] == chosen["temperature"]]
    told = ", ".join(
        f"{row['policy']} {row['dreamt']['length']:.0f} ({row['real']['length']:.0f})" for row in known
    )
    nats = world["forecast"]["nats_per_unit"]
    costs = ", ".join(f"{place} {seconds / 60:.0f}" for place, seconds in world["cpu_seconds"].items())
    return (
        "Does a controller that was evolved in a world model's dream alone survive in the game?\n\n"
        f"One world model for all seeds, learnt from blind play; CPU-minutes: {costs}. Nats per unit of "
        f"held-out codes: {nats['trained']:.3f}; previous code {nats['previous_code']:.3f}, untrained "
        f"{nats['untrained']:.3f}. The audit chose temperature {chosen['temperature']:g} before anything was "
        f"evolved; there blind policies live, in the dream (in the game): {told}. Counted is the controller "
        f"of that temperature whose held-out dreams are best, seed {chosen['seed']}. The best metronome "
        f"({blind['period']} steps each way, chosen on other episodes) meets the same episodes.\n\n"
        "Published (Ha & Schmidhuber 2018), dream and game: temperature 0.5: 2060 and 196; 1.0: 1145 "
        "and 868; 1.15: 918 and 1092; 1.3: 732 and 753; with thousands of episodes and 64 cores."
    )
