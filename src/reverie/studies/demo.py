"""Demo: capture a game, fit it with two losses, and show which of them knows where the lander is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from reverie.core.assets import find
from reverie.core.console import Console
from reverie.core.files import write_bytes
from reverie.engine.plan import Plan
from reverie.reports.strips import side_by_side
from reverie.representations.conv_ae import ConvAEConfig
from reverie.studies._arms import fit_side_by_side
from reverie.studies._recordings import Recordings, record_all
from reverie.studies._study import StudyConfig, Verdict
from reverie.verbs.feature_network import CAFFE, TORCHVISION
from reverie.verbs.fit import Conditions, FitJob
from reverie.verbs.look import LookJob, look
from reverie.verbs.probe import ProbeJob, format_table, probe
from reverie.verbs.report import ReportJob, report

RECORDINGS = Recordings(
    env="LunarLander-v3", stride=5, scenes=8, size=64, episodes={"fit": 300, "probe": 150, "test": 100}
)
FACTORS = ("x", "y", "angle", "vx", "vy")
EPOCHS = 5
REMARK = """\
One frame does not show velocity: what R² it has, position gives away, for under random actions a lander that
is far to the left has moved there. Terrains come from a pool of 8, so that codes need not be spent on hills.
One seed draws no verdict: `reverie study perceptual-lander` does."""


@dataclass(frozen=True, kw_only=True)
class DemoConfig(StudyConfig):
    """One seed, five epochs: enough to look at, not enough for a verdict."""

    seeds: ClassVar[dict[str, int]] = {"cpu": 1, "gpu": 1}

    def one_seed(self, seed: int, folder: Path, console: Console) -> dict[str, Any]:
        """Capture, fit both arms side by side, probe, look, report."""
        console.say("1/4 capture: three recordings of LunarLander-v3, terrains from a pool of 8")
        data = record_all(RECORDINGS, folder / "data", seed, console)
        console.say("2/4 fit: the same autoencoder with a pixel-wise and a perceptual loss")
        jobs = _jobs(data["fit"], folder / "runs", seed)
        fit_side_by_side(jobs, console)
        console.say("3/4 probe: what do the codes know on episodes that they have not seen?")
        runs = tuple(jobs)
        job = ProbeJob(
            runs=runs, data=data["probe"], test=data["test"], factors=FACTORS, probe="ridge", seed=seed
        )
        table = format_table(probe(job, console))
        console.say("4/4 look and report")
        for run in runs:
            look(LookJob(run=run, data=data["test"], seed=seed), console)
        write_bytes(folder / "strips.png", side_by_side({run.name: run / "look" for run in runs}))
        out = folder / "report.html"
        report(
            ReportJob(runs=runs, out=out, title="LunarLander-v3: which loss knows where the lander is?"),
            console,
        )
        return {"report": str(out), "table": table, "network": _network()}

    def verdict(self, results: Sequence[dict[str, Any]]) -> Verdict:
        """No verdict: one seed shows, it does not prove."""
        result = results[0]
        text = f"{result['table']}\n\n{REMARK}\n\n{result['report']}"
        return Verdict("shown", {}, [], text)


def _jobs(data: Path, runs: Path, seed: int) -> dict[Path, FitJob]:
    plan = Plan(epochs=EPOCHS, batch_size=16, schedule="cosine", final_learning_rate=5e-5, keep_epochs=True)
    conditions = Conditions(seed=seed, device="cpu", threads=1)
    pixel = FitJob(
        data=data,
        representation=ConvAEConfig(code_size=64, batch_norm=True),
        plan=plan,
        conditions=conditions,
    )
    config = replace(pixel.representation, reconstruction=f"perceptual:{_network()}")
    perceptual = replace(pixel, representation=config)
    return {runs / "pixel": pixel, runs / "perceptual": perceptual}


def _network() -> str:
    """The loss network: ImageNet's if it is on this machine, else our own; the demo downloads nothing."""
    return "squeezenet@fire3" if find(CAFFE) or find(TORCHVISION) else "clutter@relu2"
