"""Tuning of the perceptual-lander study: equally many trials for every loss, on a seed that never counts."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from reverie.core.console import Console
from reverie.core.files import read_json, write_json
from reverie.engine.plan import Plan
from reverie.representations.conv_ae import ConvAEConfig
from reverie.studies._arms import fit_side_by_side
from reverie.studies._recordings import Recordings, record_all
from reverie.studies.perceptual_lander import CODE_SIZE, EPISODES, FACTORS, LOSSES, exam, examined
from reverie.verbs.fit import Conditions, FitJob

SEED = 1000
RATES = (3e-4, 1e-3)
BATCH_SIZES = (16, 64)
EPOCHS = 4


def tune(folder: Path, console: Console) -> list[dict[str, Any]]:
    """Fit an autoencoder with every loss at every learning rate and batch size; a row a trial, best first.

    Run it with: python -c "from reverie.studies._tuning import main; main()".
    """
    wanted = Recordings("LunarLander-v3", stride=5, scenes=0, size=64, episodes=EPISODES["cpu"])
    data = record_all(wanted, folder / "data", SEED, console)
    jobs = {}
    for loss, word in LOSSES.items():
        config = ConvAEConfig(code_size=CODE_SIZE, batch_norm=True, reconstruction=word.format(seed=SEED))
        job = FitJob(data=data["fit"], representation=config, conditions=Conditions(seed=SEED, threads=1))
        for rate, batch_size in product(RATES, BATCH_SIZES):
            plan = Plan(
                epochs=EPOCHS, batch_size=batch_size, learning_rate=rate,
                schedule="cosine", final_learning_rate=rate / 20,
            )  # fmt: skip
            jobs[folder / "runs" / f"{loss}-{batch_size}-{rate:g}"] = replace(job, plan=plan)
    fit_side_by_side(jobs, console)
    asked = replace(exam(tuple(jobs), data, SEED), baselines=False)
    rows = [row for row in examined(asked, console) if row["subject"] == "run"]
    for row in rows:
        row["mean_r2"] = float(np.mean([row["r2"][name] for name in FACTORS]))
    return sorted(rows, key=lambda row: -row["mean_r2"])


def main(folder: Path = Path("runs/studies/perceptual-lander/tuning")) -> None:
    """Tune, and leave the trials in `trials.json`."""
    import sys

    from reverie.core.console import PlainConsole

    write_json(folder / "trials.json", tune(folder, PlainConsole(sys.stderr)))
    for row in read_json(folder / "trials.json", "trials"):
        sys.stdout.write(f"{row['arm']:24} {row['mean_r2']:.3f} {row['r2']} {row['cpu_seconds']} CPU-s\n")
