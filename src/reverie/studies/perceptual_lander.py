"""Perceptual lander: which loss gives a latent that knows where the lander is, and is it ImageNet's doing?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from reverie.core.console import Console
from reverie.core.representation import RepresentationConfig
from reverie.core.run import Run
from reverie.engine.plan import Plan
from reverie.ops.intervals import student_interval
from reverie.representations.conv_ae import ConvAEConfig
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.studies._arms import fit_side_by_side
from reverie.studies._recordings import Recordings, record_all
from reverie.studies._study import StudyConfig, Verdict, thresholds
from reverie.verbs.fit import Conditions, FitJob
from reverie.verbs.probe import ProbeJob, probe

FACTORS = ("x", "y")
CLAIMS = {
    "squeezenet > pixel": "perceptual codes know the lander's place better than pixel codes",
    "squeezenet > random": "ImageNet's network does better as a loss than a random one of its shape",
}


@dataclass(frozen=True, kw_only=True)
class PerceptualLanderConfig(StudyConfig):
    """{AE, VAE} x {pixel, SqueezeNet, random network}; beside them weighted pixels, PCA, untrained, raw.

    The whole design - losses, prices, plans, recordings - is frozen in `thresholds/perceptual-lander.json`.
    """

    catalogue: ClassVar[str] = "A04"

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Record, fit every arm, probe; the arms of one seed share their recordings."""
        data = record_all(recordings(self.scale), folder / "data", seed, console)
        jobs = {folder / "runs" / name: job for name, job in arms(data["fit"], seed, self.scale).items()}
        fit_side_by_side(jobs, console)
        return {"seed": seed, "rows": examined(exam(tuple(jobs), data, seed), console)}

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """A claim holds when its paired difference is above zero for AE and for VAE, over the seeds."""
        limits = thresholds("perceptual-lander")
        rows = [{row["arm"]: row for row in result["rows"]} for result in results]
        table = [_line(arm, [seed[arm] for seed in rows]) for arm in rows[0]]
        differences = {
            claim: {kind: _difference(rows, kind, *claim.split(" > ")) for kind in ("ae", "vae")}
            for claim in CLAIMS
        }
        held = {claim: all(low > 0 for _, low, _ in found.values()) for claim, found in differences.items()}
        leak, small = _leak(rows, limits["control_r2"]), _too_small(rows, limits["least_r2"])
        good = all(held.values()) and not small
        status = "failed" if leak else "supported" if good else "not supported"
        said = [_sentence(claim, found, held[claim]) for claim, found in differences.items()]
        text = " ".join([*leak, *small, *said])
        return Verdict(status, {CLAIMS[claim]: kept for claim, kept in held.items()}, table, text)


def recordings(scale: str) -> Recordings:
    """What is recorded at a scale."""
    chosen = thresholds("perceptual-lander")["recordings"]
    return Recordings(
        "LunarLander-v3", stride=chosen["stride"], scenes=chosen["scenes"][scale], size=64,
        episodes=chosen["episodes"][scale],
    )  # fmt: skip


def arms(data: Path, seed: int, scale: str) -> dict[str, FitJob]:
    """The fits of one seed by name: ae-pixel, ae-weighted, ae-squeezenet, ae-random, vae-pixel, ..."""
    chosen = thresholds("perceptual-lander")
    size = chosen["code_size"]
    losses = {loss: word.format(seed=seed) for loss, word in chosen["losses"].items()}
    configs: dict[str, RepresentationConfig] = {
        f"ae-{loss}": ConvAEConfig(code_size=size, batch_norm=True, reconstruction=word)
        for loss, word in losses.items()
    }
    for loss, beta in chosen["beta"].items():
        configs[f"vae-{loss}"] = ConvVAEConfig(
            code_size=size, batch_norm=True, reconstruction=losses[loss], beta=beta
        )
    conditions = Conditions(seed=seed, threads=1, device="auto" if scale == "gpu" else "cpu")
    return {
        name: FitJob(
            data=data,
            representation=config,
            plan=plan(name.partition("-")[2], scale),
            conditions=conditions,
        )
        for name, config in configs.items()
    }


def plan(loss: str, scale: str) -> Plan:
    """How the arms of a loss are trained; tuned for the autoencoder, taken over by the variational one."""
    chosen = thresholds("perceptual-lander")["plans"][loss]
    return Plan(
        epochs=chosen["epochs"][scale], batch_size=chosen["batch_size"],
        learning_rate=chosen["learning_rate"], schedule="cosine",
        final_learning_rate=chosen["learning_rate"] / 20,
    )  # fmt: skip


def exam(runs: tuple[Path, ...], data: dict[str, Path], seed: int) -> ProbeJob:
    """What the arms are asked: the lander's place, by the linear reader."""
    return ProbeJob(
        runs=runs, data=data["probe"], test=data["test"], factors=FACTORS,
        probe="ridge", over_training=False, seed=seed,
    )  # fmt: skip


def examined(job: ProbeJob, console: Console) -> list[dict[str, Any]]:
    """Probe the arms; one row for each arm and baseline with its scores and cost."""
    rows = []
    for one in probe(job, console)["runs"]:
        for row in one["rows"]:
            own = row["subject"] in ("run", "permuted")
            first = one["run"] == job.runs[0].name
            if own or (first and row["subject"] in ("mean", "pca", "pixels", "untrained")):
                cost = Run.open(job.runs[0].parent / one["run"]).result() if row["subject"] == "run" else {}
                rows.append(
                    _scores(one["run"], row) | {name: cost.get(name) for name in ("cpu_seconds", "epochs")}
                )
    return rows


def _scores(run: str, row: dict[str, Any]) -> dict[str, Any]:
    arm = {"run": run, "permuted": f"{run}, permuted labels"}.get(row["subject"], row["label"])
    r2 = {name: score["r2"] for name, score in zip(FACTORS, row["scores"], strict=True)}
    squares = [score["rmse"] ** 2 for score in row["scores"]]
    return {"arm": arm, "subject": row["subject"], "r2": r2, "mse": float(np.mean(squares))}


def _difference(rows: list[dict[str, Any]], kind: str, one: str, other: str) -> tuple[float, float, float]:
    """Mean over seeds of the difference in mean R², and its 95 % interval; seeds are the repetitions."""
    pairs = [(seed[f"{kind}-{one}"]["r2"], seed[f"{kind}-{other}"]["r2"]) for seed in rows]
    differences = [np.mean([better[name] - worse[name] for name in FACTORS]) for better, worse in pairs]
    return (float(np.mean(differences)), *student_interval([float(part) for part in differences]))


def _leak(rows: list[dict[str, Any]], limit: float) -> list[str]:
    """A control that knows something it cannot know breaks the whole study."""
    controls = [row for seed in rows for row in seed.values() if row["subject"] == "permuted"]
    worst = max(max(row["r2"].values()) for row in controls)
    return [f"Permuted labels score R² {worst:.3f}: the probe leaks."] if worst > limit else []


def _too_small(rows: list[dict[str, Any]], limit: float) -> list[str]:
    """Where no arm finds the lander, nothing can be said about any."""
    names = [arm for arm, row in rows[0].items() if row["subject"] == "run"]
    best = max(min(np.mean([seed[arm]["r2"][name] for seed in rows]) for name in FACTORS) for arm in names)
    return (
        [f"The best arm has R² {best:.2f} on its weaker coordinate: too small a budget."]
        if best < limit
        else []
    )


def _line(arm: str, seeds: list[dict[str, Any]]) -> dict[str, Any]:
    line: dict[str, Any] = {"arm": arm}
    for name in FACTORS:
        values = [seed["r2"][name] for seed in seeds]
        line[f"R² {name}"] = f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
    line["squared error"] = f"{np.mean([seed['mse'] for seed in seeds]):.4f}"
    for name in ("epochs", "cpu_seconds"):
        values = [seed[name] for seed in seeds if seed[name] is not None]
        line[name] = f"{np.mean(values):.0f}" if values else ""
    return line


def _sentence(claim: str, found: dict[str, tuple[float, float, float]], held: bool) -> str:
    parts = [
        f"{kind.upper()} {mean:+.3f} [{low:+.3f}, {high:+.3f}]" for kind, (mean, low, high) in found.items()
    ]
    return f"{claim}: {'supported' if held else 'not supported'} (difference in mean R², {', '.join(parts)})."
