"""Tuning of the perceptual-lander study: equally many trials for every loss, on a seed that never counts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reverie.core.console import Console
from reverie.core.files import read_json, write_json
from reverie.studies._arms import fit_side_by_side
from reverie.studies._recordings import record_all
from reverie.studies.perceptual_lander import FACTORS, arms, exam, examined, recordings

SEED = 1000
BATCH_SIZES = (32, 64)


def tune(folder: Path, console: Console) -> list[dict[str, Any]]:
    """Fit the autoencoder of every loss with every batch size, as long as the counted ones; best first.

    Run it with: python -c "from reverie.studies._tuning import main; main()".
    """
    data = record_all(recordings("cpu"), folder / "data", SEED, console)
    jobs = {
        folder / "runs" / f"{name}-{batch_size}": replace(job, plan=replace(job.plan, batch_size=batch_size))
        for name, job in arms(data["fit"], SEED, "cpu").items()
        if name.startswith("ae-")
        for batch_size in BATCH_SIZES
    }
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
