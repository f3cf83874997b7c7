"""Probe, look and report on a real run of a real environment, small."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.data.store import open_data
from reverie.engine.plan import Plan
from reverie.representations.dense_ae import DenseAEConfig
from reverie.verbs import _subjects
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.fit import Conditions, FitJob, fit
from reverie.verbs.probe import ProbeJob, format_table, probe

CAPTURE = CaptureJob(env="CartPole-v1", episodes=24, size=12, policy="held", max_steps=30)


class Heard(Console):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Recordings `probe`, `test`, `few` and `large`; runs `small` and `smaller` with snapshots."""
    place = tmp_path_factory.mktemp("probe")
    for seed, (name, episodes) in enumerate({"probe": 24, "test": 12, "few": 4}.items()):
        capture(replace(CAPTURE, episodes=episodes, seed=seed), place / name)
    capture(replace(CAPTURE, episodes=2, size=16), place / "large")
    for name, size in (("small", 6), ("smaller", 2)):
        plan = Plan(epochs=2, keep_epochs=True)
        config = DenseAEConfig(code_size=size, activation="linear")
        job = FitJob(data=place / "probe", representation=config, plan=plan, conditions=Conditions(threads=1))
        fit(job, place / name)
    return place


@pytest.fixture(scope="module")
def job(place):
    return ProbeJob(runs=(place / "small", place / "smaller"), data=place / "probe", test=place / "test")


@pytest.fixture(scope="module")
def result(job):
    return probe(job)


def rows(result, run=0):
    return {(row["subject"], row["reader"]): row for row in result["runs"][run]["rows"]}


def test_every_baseline_stands_in_the_same_table(result):
    both = {(kind, reader) for kind in ("run", "pca", "untrained", "permuted") for reader in ("ridge", "mlp")}
    assert set(rows(result)) == both | {("pixels", "ridge"), ("mean", None)}
    assert rows(result)["pca", "ridge"]["code_size"] == 6
    assert rows(result, 1)["pca", "ridge"]["code_size"] == 2
    assert rows(result)["pixels", "ridge"]["code_size"] == 12 * 12 * 3


def test_position_is_seen_and_velocity_is_not(result):
    names = [factor["name"] for factor in result["runs"][0]["factors"]]
    scores = dict(zip(names, rows(result)["pixels", "ridge"]["scores"], strict=True))
    seen, unseen = names[0], names[1]
    assert scores[seen]["r2"] > 0.8 and scores[seen]["r2"] > scores[unseen]["r2"] + 0.2
    assert all(part["r2"] <= 0 for part in rows(result)["mean", None]["scores"])
    # Few frames: chance alone explains a little.
    assert all(part["r2"] <= 0.25 for part in rows(result)["permuted", "ridge"]["scores"])


def test_what_was_returned_lies_in_the_run(result, place):
    assert json.loads((place / "small" / "probe.json").read_text()) == result["runs"][0]
    assert json.loads((place / "smaller" / "probe.json").read_text()) == result["runs"][1]


def test_the_files_say_which_recordings_were_used(result, place):
    told = result["runs"][0]
    assert told["fit"]["fingerprint"] == open_data(place / "probe").fingerprint
    assert told["test"]["fingerprint"] == open_data(place / "test").fingerprint
    assert told["fit"]["episodes"] == 24 and told["test"]["episodes"] == 12
    assert told["description"]["method"] == "dense-ae"


def test_the_last_snapshot_knows_what_the_run_knows(result):
    curve = result["runs"][0]["over_training"]
    assert [point["epoch"] for point in curve] == [1, 2]
    last = [part["r2"] for part in rows(result)["run", "ridge"]["scores"]]
    assert list(curve[-1]["scores"].values()) == pytest.approx(last, abs=0.02)
    assert curve[0]["scores"] != curve[1]["scores"]


def test_a_file_that_is_called_like_no_epoch_is_no_snapshot(job, place):
    stray = place / "small" / "snapshots" / "epoch-x.safetensors"
    stray.write_bytes(b"")
    told = probe(replace(job, runs=job.runs[:1], baselines=False, probe="ridge"))["runs"][0]
    stray.unlink()
    assert [point["epoch"] for point in told["over_training"]] == [1, 2]


def test_raw_pixels_and_pca_say_when_they_learnt_from_fewer_frames(job, monkeypatch):
    monkeypatch.setattr(_subjects, "PIXEL_FRAMES", 50)
    told = probe(replace(job, runs=job.runs[:1], over_training=False, probe="ridge"))
    assert rows(told)["pixels", "ridge"]["label"] == "raw pixels, 50 frames"
    assert rows(told)["pca", "ridge"]["label"] == "PCA, 6 units, 50 frames"


def test_the_untrained_encoder_is_not_the_trained_one(result):
    for reader in ("ridge", "mlp"):
        assert rows(result)["untrained", reader]["sums"] != rows(result)["run", reader]["sums"]


def test_the_same_job_gives_the_same_numbers(job, result):
    again = replace(job, runs=job.runs[:1], probe="ridge", over_training=False)
    assert rows(probe(again))["run", "ridge"] == rows(result)["run", "ridge"]


def test_without_test_recordings_whole_episodes_are_held_out(place):
    alone = ProbeJob(runs=(place / "small",), data=place / "probe", baselines=False, probe="ridge")
    told = probe(alone)["runs"][0]
    assert (told["fit"]["episodes"], told["test"]["episodes"]) == (17, 7)
    frames = open_data(place / "probe").visible.sum()
    assert told["fit"]["frames"] + told["test"]["frames"] == frames


def test_only_the_factors_that_are_asked_for_are_probed(place):
    name = open_data(place / "probe").factor_names[2]
    asked = ProbeJob(runs=(place / "small",), data=place / "probe", factors=(name,), baselines=False)
    told = probe(replace(asked, probe="ridge"))["runs"][0]
    assert [factor["name"] for factor in told["factors"]] == [name]


def test_too_few_episodes_and_frames_seen_in_training_are_warned_of(place):
    console = Heard()
    few = ProbeJob(runs=(place / "small",), data=place / "probe", test=place / "few", baselines=False)
    table = format_table(probe(replace(few, probe="ridge"), console))
    assert any("only 4 episodes to test on" in text for text in console.warnings)
    assert "warning: only 4 episodes to test on" in table
    console = Heard()
    probe(replace(few, data=place / "few", test=place / "probe", probe="ridge"), console)
    assert any("only 4 episodes to fit" in text for text in console.warnings)
    assert any("small was trained on frames that it is tested on" in text for text in console.warnings)


def test_a_copy_of_the_training_frames_is_recognised_wherever_it_lies(place, tmp_path):
    console = Heard()
    shutil.copytree(place / "probe", tmp_path / "copy")
    told = ProbeJob(runs=(place / "small",), data=place / "test", test=tmp_path / "copy", baselines=False)
    probe(replace(told, probe="ridge", over_training=False), console)
    assert any("small was trained on frames that it is tested on" in text for text in console.warnings)


def test_the_same_episodes_recorded_twice_are_no_test(place, job, tmp_path):
    again = tmp_path / "again"
    capture(replace(CAPTURE, episodes=6, seed=0), again)
    with pytest.raises(WrongInput, match="share episodes: one world, policy and seed"):
        probe(replace(job, test=again))
    console = Heard()
    told = ProbeJob(runs=job.runs[:1], data=place / "test", test=again, baselines=False, probe="ridge")
    probe(replace(told, over_training=False), console)
    assert any("small was trained on episodes that it is tested on" in text for text in console.warnings)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"factors": ("angel",)}, r"unknown factor of .*probe 'angel'; did you mean 'angle'\?"),
        (
            {"data": "large", "test": None},
            r"small takes 12x12 frames, .*large has 16x16; capture with --size 12",
        ),
        ({"test": "probe"}, "hold the same frames"),
        ({"data": "nowhere"}, "nowhere"),
        ({"reference": "smal"}, r"unknown reference run 'smal'; did you mean 'small'\?"),
        ({"runs": ("small", "small")}, "two runs have the same name"),
        ({"runs": ("nothing",)}, "no run at"),
        ({"runs": ()}, "at least one run"),
        ({"seed": -1}, "'seed' must be zero or positive, got -1"),
    ],
)
def test_wrong_input_is_one_sentence(place, job, changes, sentence):
    for name in ("data", "test"):
        if changes.get(name):
            changes = changes | {name: place / changes[name]}
    if "runs" in changes:
        changes = changes | {"runs": tuple(place / name for name in changes["runs"])}
    with pytest.raises(WrongInput, match=sentence) as caught:
        probe(replace(job, **changes))
    assert "\n" not in str(caught.value)


def test_recordings_of_one_episode_are_refused(place, tmp_path):
    capture(replace(CAPTURE, episodes=1), tmp_path / "one")
    with pytest.raises(WrongInput, match="has 1 episode with visible frames, the probe needs 2"):
        probe(ProbeJob(runs=(place / "small",), data=tmp_path / "one"))


def test_invisible_frames_are_not_read(place, monkeypatch):
    from reverie.data.store import DataSet

    hidden = open_data(place / "probe").visible.copy()
    hidden[::2] = False
    monkeypatch.setattr(DataSet, "visible", property(lambda _: hidden))
    alone = ProbeJob(runs=(place / "small",), data=place / "probe", baselines=False, probe="ridge")
    told = probe(replace(alone, over_training=False))["runs"][0]
    assert told["fit"]["frames"] + told["test"]["frames"] == hidden.sum()
    assert np.sum(told["truth"]["frames"]) == told["test"]["frames"]
