"""Look draws every lens of a real run, and report puts it on a page."""

import re
import shlex

import numpy as np
import pytest
from PIL import Image

from reverie.cli.commands import COMMANDS
from reverie.cli.parse import parse
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.engine.plan import Plan
from reverie.representations.conv_vae import ConvVAEConfig
from reverie.representations.dense_ae import DenseAEConfig
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.look import LookJob, look
from reverie.verbs.report import ReportJob, command, report


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Recordings `data`, `other` (of another size) and a run `vae`."""
    place = tmp_path_factory.mktemp("look")
    capture(CaptureJob(env="CartPole-v1", episodes=3, size=64), place / "data")
    capture(CaptureJob(env="CartPole-v1", episodes=1, size=32), place / "other")
    job = FitJob(
        data=place / "data",
        representation=ConvVAEConfig(code_size=5, beta=0.5, batch_norm=True),
        plan=Plan(epochs=1),
        conditions=Conditions(seed=7, threads=1),
    )
    fit(job, place / "vae")
    return place


@pytest.fixture(scope="module")
def pictures(place):
    return look(LookJob(run=place / "vae", count=40))


def test_there_is_a_picture_for_every_lens(pictures, place):
    assert [path.name for path in pictures] == [
        "map.png",
        "reconstruction.png",
        "samples.png",
        "traversal.png",
    ]
    for path in pictures:
        with Image.open(path) as picture:
            assert path.parent == place / "vae" / "look" and picture.width > 300


def test_strips_hold_the_frames_and_what_became_of_them(pictures, place):
    frames, rebuilt = (
        np.asarray(Image.open(place / "vae" / "look" / f"strip-{name}.png")) for name in ("frames", "rebuilt")
    )
    assert frames.shape == rebuilt.shape == (64, 640, 3)
    assert np.abs(frames.astype(float) - rebuilt).mean() > 0


def test_the_same_seed_gives_the_same_pictures(pictures, place):
    before = {path: path.read_bytes() for path in pictures if path.name != "map.png"}
    words = tuple(path.stem for path in before)
    again = look(LookJob(run=place / "vae", lens=words, count=40))
    assert {path: path.read_bytes() for path in again} == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lens": ("traversel",)}, r"unknown lens 'traversel'; did you mean 'traversal'\?"),
        ({"factor": ("angel",)}, r"unknown factor of .*data 'angel'; did you mean 'angle'\?"),
        ({"data": "other"}, r"vae takes 64x64 frames, .*other has 32x32"),
        ({"run": "nothing"}, "no run at"),
        ({"seed": -1}, "'seed' must be zero or positive, got -1"),
    ],
)
def test_wrong_input_is_one_sentence(place, changes, sentence):
    changes = {
        name: place / value if name in ("run", "data") else value
        for name, value in ({"run": "vae"} | changes).items()
    }
    with pytest.raises(WrongInput, match=sentence):
        look(LookJob(**changes))


def test_frames_to_encode_must_be_more_than_none(place):
    with pytest.raises(WrongInput, match="'count' must be positive"):
        LookJob(run=place / "vae", count=0)


def test_recordings_that_were_moved_are_asked_for(place, tmp_path):
    run = tmp_path / "vae"
    run.mkdir()
    for file in ("job.json", "result.json", "weights.safetensors"):
        text = (place / "vae" / file).read_bytes()
        (run / file).write_bytes(text.replace(b"/data", b"/gone") if file == "job.json" else text)
    with pytest.raises(WrongInput, match=r"are not at .*gone; name some with --data"):
        look(LookJob(run=run))


def test_the_report_of_one_run_lies_in_it_and_is_small(pictures, place):
    path = report(ReportJob(runs=(place / "vae",), title="A fall"))
    text = path.read_text(encoding="utf-8")
    assert path == place / "vae" / "report.html"
    assert "<h1>A fall</h1>" in text and len(text) < 5e6
    assert text.count("data:image/png;base64,") == 5


def test_the_report_names_the_pool_of_the_training_terrains(tmp_path):
    capture(CaptureJob(env="LunarLander-v3", episodes=2, size=16, scenes=3, max_steps=8), tmp_path / "data")
    config = DenseAEConfig(code_size=3)
    fit(FitJob(data=tmp_path / "data", representation=config, plan=Plan(epochs=1)), tmp_path / "dense")
    text = report(ReportJob(runs=(tmp_path / "dense",))).read_text(encoding="utf-8")
    assert "from a pool of 3" in text


def test_the_command_makes_the_same_run_again(place):
    words = command(Run.open(place / "vae"))
    assert words.startswith("reverie fit conv-vae ")
    assert re.search(r"--code-size 5 --beta 0.5 --batch-norm", words) and "--seed 7" in words
    assert "free-bits" not in words


def test_the_command_of_any_method_is_one_that_the_command_line_takes(place, tmp_path):
    """Widths of hidden layers are several words, not one with brackets."""
    config = DenseAEConfig(code_size=3, hidden=(8, 16))
    job = FitJob(data=place / "other", representation=config, plan=Plan(epochs=1))
    fit(job, tmp_path / "dense")
    words = shlex.split(command(Run.open(tmp_path / "dense")))
    assert "--hidden 8 16" in " ".join(words)
    parse(COMMANDS["fit"], "fit", words[2:])


def test_a_folder_without_a_run_and_the_same_run_twice_are_refused(place):
    with pytest.raises(WrongInput, match="made by `reverie capture`, not by `reverie fit`"):
        report(ReportJob(runs=(place / "data",)))
    with pytest.raises(WrongInput, match="the same name"):
        report(ReportJob(runs=(place / "vae", place / "vae")))
    with pytest.raises(WrongInput, match="at least one run"):
        report(ReportJob(runs=()))
