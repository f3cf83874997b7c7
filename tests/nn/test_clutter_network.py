"""The clutter task and the network that is fitted to it on the spot."""

import numpy as np
import pytest
import torch

from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.data.clutter import SHAPES, SIZE, ClutterBatches, draw
from reverie.engine.plan import Plan
from reverie.nn.feature_networks.clutter import ShapeFinder
from reverie.verbs.feature_network import ClutterJob, clutter_network, feature_network

TINY = ClutterJob(steps=2, held_out=100, plan=Plan(epochs=1, batch_size=4))


class Listener(Console):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, text: str) -> None:
        self.heard.append(text)

    warn = say


def test_the_same_seed_draws_the_same_pictures():
    first, again = (draw(20, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_all_shapes_are_drawn_inside_the_picture():
    clutter = draw(300, np.random.default_rng(0))
    assert set(clutter.labels.tolist()) == set(range(len(SHAPES)))
    assert clutter.pictures.shape == (300, SIZE, SIZE, 3)
    assert clutter.centres.min() > 4 / SIZE and clutter.centres.max() < 1 - 4 / SIZE


def test_a_batch_is_the_same_whenever_it_is_asked_for():
    batches = ClutterBatches(batch_size=3, count=4, seed=1)
    third = list(batches.epoch(0))[2]
    assert all(torch.equal(one, other) for one, other in zip(third, next(batches.epoch(0, 2)), strict=True))
    assert not torch.equal(third[0], next(batches.epoch(1, 2))[0])


def test_the_label_and_the_place_are_what_the_loss_wants():
    """A finder that is sure of the truth pays nothing; one that is sure of a neighbour pays dearly."""
    frames, labels, centres = next(ClutterBatches(batch_size=6, count=1, seed=1).epoch(0))
    for shift, expected in ((0, 0.0), (1, 50.0)):
        logits = torch.zeros(6, len(SHAPES), 8, 8)
        for image in range(6):
            row, column = (centres[image] * 8).int().tolist()
            logits[image, labels[image], row, (column + shift) % 8] = 50.0
        finder = ShapeFinder(len(SHAPES))
        finder.forward = lambda _, logits=logits: logits
        cost = finder.loss((frames, labels, centres), None).total().item()
        assert cost == pytest.approx(expected, abs=1e-3)
        assert torch.equal(finder.classify(frames), labels)


def test_the_network_is_fitted_once_and_then_read(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    console = Listener()
    first = clutter_network(TINY, console)
    fitted = len(console.heard)
    again = clutter_network(TINY, console)
    assert fitted > 0 and len(console.heard) == fitted
    assert first.description == again.description
    frames = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(first.features(frames, "relu3"), again.features(frames, "relu3"))


def test_a_network_that_finds_too_little_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    console = Listener()
    clutter_network(TINY, console)
    assert any("of held-out shapes" in text for text in console.heard)


def test_its_run_is_stored_with_job_and_result(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    clutter_network(TINY, QUIET)
    (folder,) = (tmp_path / "reverie" / "feature-networks").iterdir()
    names = {file.name for file in folder.iterdir()}
    assert {"job.json", "result.json", "events.jsonl", "weights.safetensors"} <= names


def test_altered_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    clutter_network(TINY, QUIET)
    (weights,) = (tmp_path / "reverie" / "feature-networks").glob("*/weights.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(WrongInput, match=r"weights.safetensors is altered"):
        clutter_network(TINY, QUIET)


@pytest.mark.learning
def test_the_clutter_network_finds_nine_of_ten_held_out_shapes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert feature_network("clutter", QUIET).description["accuracy"] >= 0.9
