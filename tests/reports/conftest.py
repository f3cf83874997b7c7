"""Run folders as fit, probe and look leave them, made by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reverie.core.world import Factor
from reverie.metrics._exam import Exam, Subject, Truth

FACTORS = (Factor("x", "m"), Factor("y", "m"), Factor("angle", "rad"), Factor("spin", ""))


def probed(name: str = "pixel", noise: float = 0.5, seed: int = 3) -> dict:
    """What the probe writes for a run whose answers are the truth and noise."""
    truth = np.random.default_rng(0).normal(size=(200, 4))
    which = np.repeat(np.arange(20, dtype=np.int64), 10)
    exam = Exam(FACTORS, Truth(truth, which), Truth(truth, which), seed)
    noise = noise * np.random.default_rng(len(name)).normal(size=truth.shape)
    size = {"frames": 200, "episodes": 20}
    return {
        "format": 1,
        "run": name,
        "description": {"method": "conv-ae"},
        "rows": [
            exam.mark(Subject("run", name, 32), "ridge", truth + noise),
            exam.mark(Subject("untrained", "untrained encoder", 32), "ridge", truth + 3 * noise),
            exam.mean_row(),
        ],
        "over_training": [
            {"epoch": epoch, "scores": {"x": 0.1 * epoch, "y": None, "angle": 0.2, "spin": -0.1}}
            for epoch in (1, 2, 3)
        ],
        "seed": seed,
        "split": "two recordings",
        "factors": [{"name": factor.name, "unit": factor.unit} for factor in FACTORS],
        "fit": {"data": "data/probe", "fingerprint": "aa"} | size,
        "test": {"data": "data/test", "fingerprint": "bb"} | size,
        "truth": exam.truth_sums(),
        "constant": ["gravity"],
        "warnings": [],
    }


def run_folder(place: Path, name: str, noise: float) -> Path:
    """A finished and probed run of conv-ae with pictures."""
    folder = place / name
    (folder / "look").mkdir(parents=True)
    job = {
        "method": "conv-ae",
        "data": "data/fit",
        "representation": {"reconstruction": "perceptual:clutter@conv2", "code_size": 16, "batch_norm": True},
        "plan": {"epochs": 3},
        "conditions": {"seed": 4, "threads": 1, "device": "cpu"},
    }
    uses = {
        "data": "aa",
        "frame_shape": [3, 64, 64],
        "feature_network": {"name": "clutter", "weights": "0" * 64},
    }
    written = {"verb": "fit", "job": job, "uses": uses, "made_with": {"python": "3.12.1", "torch": "2.9.0"}}
    write(folder / "job.json", written)
    write(folder / "result.json", {"epochs": 3, "parameters": 4348547, "seconds": 12.5})
    events = [
        {
            "event": "train",
            "step": step,
            "epoch": step / 10,
            "player": "a",
            "total": 100 / (1 + step),
            "terms": {},
        }
        for step in range(31)
    ]
    events += [{"event": "validation", "epoch": epoch, "step": 10 * epoch, "total": 20.0 / epoch, "terms": {}}
               for epoch in (1, 2, 3)]  # fmt: skip
    events += [{"event": "warning", "text": "units 3, 5 of 16 carry nothing: they collapsed"}]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    write(folder / "probe.json", probed(name, noise))
    draw(folder)
    return folder


def draw(folder: Path) -> None:
    """Tiny pictures in the places of real ones."""
    for picture in ("strip-frames", "strip-rebuilt", "traversal", "map", "samples"):
        shade = 40 if picture == "strip-frames" else 90
        Image.new("RGB", (40, 8), (shade, shade, 120)).save(folder / "look" / f"{picture}.png")


def write(file: Path, content) -> None:
    file.write_text(json.dumps(content))


@pytest.fixture(scope="session")
def make_probe():
    """`probed`, for tests."""
    return probed


@pytest.fixture
def runs(tmp_path) -> tuple[Path, ...]:
    """Two runs; perceptual knows more."""
    return run_folder(tmp_path, "pixel", 0.5), run_folder(tmp_path, "perceptual", 0.3)
