"""TensorBoard is told what `events.jsonl` is told: every number, once, also after a resume."""

import shutil
import sys

import numpy as np
import pytest

import reverie
from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.core.run import Run

pytest.importorskip("tensorboard")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("board")
    reverie.capture("CartPole-v1", place / "data", episodes=6, size=16, seed=1, max_steps=12)
    words = ["dense-ae", place / "data", place / "run", "--epochs", "4", "--threads", "1", "--tensorboard"]
    assert main(["fit", *map(str, words), "--batch-size", "16", "--code-size", "3"]) == 0
    return place


def written(run):
    """Every point that TensorBoard's own reader finds."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
    reader.Reload()
    return sorted(
        (tag, point.step, point.value) for tag in reader.Tags()["scalars"] for point in reader.Scalars(tag)
    )


def logged(run):
    """The same points, read from the log by hand."""
    found = []
    for event in Run(run).events():
        if event["event"] == "warning":
            continue
        place = "validation" if event["event"] == "validation" else f"train/{event['player']}"
        numbers = {"total": event["total"]} | event["terms"]
        numbers |= {"learning_rate": event["learning_rate"]} if "learning_rate" in event else {}
        found += [(f"{place}/{name}", event["step"], np.float32(value)) for name, value in numbers.items()]
    return sorted(found)


def test_tensorboard_reads_every_number_of_the_log(place):
    assert written(place / "run") == logged(place / "run")
    assert {tag for tag, _, _ in written(place / "run")} == {
        "train/autoencoder/total", "train/autoencoder/reconstruction", "train/autoencoder/learning_rate",
        "validation/total", "validation/reconstruction",
    }  # fmt: skip


def test_a_resumed_run_has_no_point_twice(place, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(place / "run", run)
    (run / "result.json").unlink()
    shutil.rmtree(sorted((run / "checkpoint").iterdir())[-1])
    assert main(["resume", str(run)]) == 0
    points = written(run)
    assert points == logged(run) == logged(place / "run")
    assert len({point[:2] for point in points}) == len(points)


def test_without_the_flag_there_is_no_folder(place):
    reverie.fit("dense-ae", data=place / "data", run=place / "plain", epochs=1, threads=1, code_size=3)
    assert not (place / "plain" / "tensorboard").exists()


def test_without_tensorboard_the_flag_is_refused_in_one_sentence(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[tensorboard\]'"):
        reverie.fit("dense-ae", data=place / "data", run=place / "none", tensorboard=True)
    assert not (place / "none").exists()
