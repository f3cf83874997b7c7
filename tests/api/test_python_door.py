"""The same verbs from Python."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.core.errors import WrongInput


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("door")
    reverie.capture("CartPole-v1", place / "data", episodes=8, size=32, seed=1)
    reverie.fit("dense-ae", data=place / "data", run=place / "run", code_size=4, epochs=2, threads=1, seed=3)
    return place


def test_the_whole_line_in_five_calls(place):
    result = reverie.probe(place / "run", data=place / "data", probe="ridge")
    assert {factor["name"] for factor in result["runs"][0]["factors"]} == {
        "position", "velocity", "angle", "angular_velocity"
    }  # fmt: skip
    assert all(path.is_file() for path in reverie.look(place / "run", lens=("reconstruction",)))
    assert reverie.report(place / "run").read_text().startswith("<!doctype html>")


def test_open_data_gives_episodes_whose_frames_and_truth_match(place):
    data = reverie.open_data(place / "data")
    assert len(data) == 8 and data.factor_names[0] == "position"
    episode = data[0]
    assert len(episode.frames) == len(episode.factors) == len(episode.rewards) + 1


def test_load_gives_what_encodes_frames_to_codes_and_back(place):
    representation = reverie.load(place / "run")
    frames = torch.zeros(5, 3, 32, 32)
    codes = representation.encode(frames).mean
    assert codes.shape == (5, 4)
    assert representation.decode(codes).shape == frames.shape


def test_a_folder_of_images_becomes_a_data_set_that_can_be_fitted(tmp_path):
    generator = np.random.default_rng(0)
    for episode in ("one", "two", "three"):
        (tmp_path / "pictures" / episode).mkdir(parents=True)
        for frame in range(4):
            pixels = generator.integers(0, 255, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / episode / f"{frame}.png")
    reverie.import_frames(tmp_path / "pictures", tmp_path / "data", size=32)
    assert len(reverie.open_data(tmp_path / "data")) == 3
    result = reverie.fit("dense-ae", data=tmp_path / "data", run=tmp_path / "run", epochs=1, threads=1)
    assert result["epochs"] == 1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: reverie.fit("conv-vaee", data="d", run="r"), "did you mean 'conv-vae'"),
        (lambda: reverie.fit("dense-ae", data="d", run="r", bata=1), "unknown dense-ae field 'bata'"),
        (
            lambda: reverie.fit("dense-ae", data="d", run="r", epochs="many"),
            "'epochs' must be int, got 'many'",
        ),
        (lambda: reverie.capture("CartPole-v1", "d", episods=3), "did you mean 'episodes'"),
        (lambda: reverie.probe("r", data="d", factor=("x",)), "did you mean 'factors'"),
        (lambda: reverie.metric("prob"), "did you mean 'probe'"),
    ],
)
def test_wrong_words_are_one_sentence(call, sentence):
    with pytest.raises(WrongInput, match=sentence):
        call()


def test_sets_with_exact_factors_are_made_from_python(tmp_path):
    reverie.make_data("cells4", tmp_path / "cells")
    assert len(reverie.open_data(tmp_path / "cells")) == 81
    reverie.make_pairs("LunarLander-v3", "x", tmp_path / "pairs", count=2)
    before, after = reverie.open_data(tmp_path / "pairs")[0].factors
    assert before[0] != after[0] and np.array_equal(before[1:], after[1:])


def test_import_reverie_is_quick():
    script = "import sys, reverie; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
