"""Chapters tell of world models and controllers what is in their folders: all of it, and nothing else."""

import json
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from reverie.cli.commands import COMMANDS
from reverie.cli.parse import parse
from reverie.core.config import to_json
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.engine.evolve import EvolutionPlan
from reverie.reports.page import render
from reverie.reports.story import read_story
from reverie.verbs.model import PLAN
from reverie.verbs.report import ReportJob, command, report
from reverie.worldmodels.mdn_rnn import MDNRNNConfig

EVIL = "<script>alert(1)</script>"


def write(file: Path, content) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def log(folder: Path, events: list[dict]) -> None:
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


@pytest.fixture
def world(tmp_path) -> Path:
    """A run of mdn-rnn as `model`, `audit` and `look` leave it."""
    folder = tmp_path / "m"
    job = {
        "method": "mdn-rnn",
        "representation": "runs/v",
        "data": "data/d",
        "model": to_json(MDNRNNConfig(hidden_size=64)),
        "plan": to_json(PLAN) | {"epochs": 7},
        "conditions": {"seed": 4},
    }
    write(folder / "job.json", {"verb": "model", "job": job, "uses": {}, "made_with": {"torch": "2.9.0"}})
    forecast = {
        "nats_per_unit": {"trained": 0.3125, "untrained": 1.25, "previous_code": 0.75, "no_memory": 1.125},
        "reward": {"variance": 4.0, "squared_error": 1.0, "r2": 0.75},
        "end": {"auc": 0.9625, "happened": 69.0, "expected": 53.09, "nats": 0.0085, "base_nats": 0.015},
        "open_loop": {
            "horizons": [1, 64],
            "dreamed": [0.791, 1.42],
            "frozen": [0.368, 1.37],
            "unrelated": 1.414,
        },
    }
    write(folder / "result.json", {"held_out_steps": 900, "parameters": 4348547, "forecast": forecast})
    costs = {"code": 0.5, "reward": 0.25, "end": 0.125}
    log(folder, [{"event": "validation", "epoch": epoch, "total": 1.0, "terms": costs} for epoch in (1, 2)])
    real = {"length": 200.0, "length_interval": [180.0, 220.0]}
    rows = [
        {"policy": "held:1-10", "temperature": heat, "real": real, "dreamt": {"length": 200 * ratio}}
        | {"ratio": ratio, "fine": ratio < 1.25}
        for heat, ratio in ((0.5, 1.125), (1.0, 1.5))
    ]
    audit = {"episodes": 50, "max_steps": 900, "known": rows, "temperature": 0.5}
    audit |= {"misses": {"0.5": 0.118, "1": 0.405}, "strangeness": {"0.5": {"ratio": 1.07}}}
    write(folder / "audit.json", audit)
    (folder / "look").mkdir()
    Image.new("RGB", (40, 8), (90, 40, 120)).save(folder / "look" / "dream.png")
    return folder


@pytest.fixture
def agent(tmp_path) -> Path:
    """A run of linear-cma as `train` and `evaluate` leave it."""
    folder = tmp_path / "c"
    job = {
        "method": "linear-cma",
        "world_model": "runs/m",
        "agent": {"inputs": "zh", "population": 8},
        "plan": to_json(EvolutionPlan(generations=12)),
        "dream": {"temperature": 1.15},
        "circumstances": {"seed": 3},
        "start": None,
    }
    write(folder / "job.json", {"verb": "train", "job": job, "uses": {}, "made_with": {}})
    score = {"generation": 8, "mean": 912.5, "deviation": 101.25, "episodes": 256}
    write(folder / "result.json", {"dream": score, "parameters": 42, "seconds": 3.0})
    events = [
        {"event": "generation", "generation": k, "best": 90.0 + k, "mean": 70.0 + k, "sigma": 0.1}
        for k in (1, 2)
    ]
    log(folder, [*events, {"event": "held out", **score}])
    found = {"env": "VizdoomTakeCover-v1", "seed": 1000, "n": 100, "mean": 640.5, "deviation": 300.25}
    write(folder / "evaluations" / "doom-1000-100" / "result.json", found | {"low": 581.0, "high": 700.0})
    return folder


def page(*runs: Path) -> str:
    return render([read_story(Run.open(folder), f"reverie {folder.name}") for folder in runs], "T")


def words(text: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.S).split())


def test_a_world_model_is_told_with_its_baselines(world):
    told = words(page(world))
    for part in (
        "Fitted to data/d, 7 epochs, seed 4.", "this world model 0.312", "itself, untrained 1.25",
        "the code before, with fitted deviations 0.75", "on held-out episodes", "explains 0.75 (R²)",
        "area under the curve (0.5 is chance) 0.963", "ends that happened 69", "ends that it expected 53.09",
        "64 1.42 1.37", "held:1-10 200 [180, 220] 225 (× 1.12) 300 (× 1.50) !",
        "Temperature 0.5 comes nearest",
        "0.5 0.118 1.07", "1 0.405 –", "hidden size 64", "4 348 547", "What it dreams",
    ):  # fmt: skip
        assert part in told, part
    assert "What the codes know" not in told and "reverie probe" not in told
    assert page(world).count("data:image/png;base64,") == 1


def test_what_nobody_did_is_said_with_its_command(world, agent):
    (world / "audit.json").unlink()
    (world / "look" / "dream.png").unlink()
    (agent / "evaluations" / "doom-1000-100" / "result.json").unlink()
    told = words(page(world, agent))
    for verb, run in (("audit", world), ("look", world), ("evaluate", agent)):
        assert f"reverie {verb} {run.as_posix()}" in told


def test_a_controller_is_told_by_dreams_and_by_reality(agent):
    told = words(page(agent))
    for part in (
        "Trained in the dream of runs/m at temperature 1.15, 12 generations, seed 3.",
        "new dreams at temperature 1.15 256 912.5 ± 101.2", "mean of the distribution, held out",
        "VizdoomTakeCover-v1, from seed 1000 100 640.5 ± 300.2 581.0 to 700.0 doom-1000-100",
    ):  # fmt: skip
        assert part in told, part


def test_unfinished_runs_have_a_page(world, agent):
    for folder in (world, agent):
        (folder / "result.json").unlink()
    told = words(page(world, agent))
    assert told.count("not finished; complete it with: reverie resume") == 2


def test_a_page_holds_runs_of_every_kind(world, agent, runs):
    told = words(page(runs[0], world, agent))
    assert (
        "What the codes know" in told
        and "How it evolved" in told
        and "What it knows of the next step" in told
    )


@pytest.mark.parametrize("place", ["policy", "evaluation", "path"])
def test_nothing_that_comes_from_files_becomes_markup(world, agent, place):
    if place == "policy":
        audit = json.loads((world / "audit.json").read_text())
        audit["known"] = [row | {"policy": EVIL} for row in audit["known"]]
        write(world / "audit.json", audit)
    elif place == "evaluation":
        found = agent / "evaluations" / "doom-1000-100" / "result.json"
        write(found, json.loads(found.read_text()) | {"env": EVIL})
    else:
        written = json.loads((agent / "job.json").read_text())
        written["job"]["world_model"] = EVIL
        write(agent / "job.json", written)
    text = page(world, agent)
    assert EVIL not in text and "&lt;script" in text


@pytest.mark.parametrize(
    ("file", "content"),
    [("audit.json", {"known": 3}), ("audit.json", []), ("result.json", {"forecast": {"end": 1}})],
)
def test_a_damaged_file_is_one_sentence(world, file, content):
    write(world / file, content)
    with pytest.raises(WrongInput, match="damaged"):
        page(world)


def test_the_commands_make_the_same_runs_again(world, agent):
    """Fields at the values that the command itself takes are left out, others are there."""
    said = command(Run.open(world))
    assert (
        said == f"reverie model mdn-rnn runs/v data/d {world.as_posix()} --hidden-size 64 --seed 4 --epochs 7"
    )
    parse(COMMANDS["model"], "model", shlex.split(said)[2:])
    said = command(Run.open(agent))
    assert said.startswith(f"reverie train linear-cma runs/m {agent.as_posix()} ")
    assert "--population 8" in said and "--generations 12" in said and "--temperature 1.15" in said
    parse(COMMANDS["train"], "train", shlex.split(said)[2:])


def test_report_takes_them(world, agent):
    path = report(ReportJob(runs=(world, agent)))
    assert path == world.parent / "report.html" and "How it evolved" in path.read_text(encoding="utf-8")
