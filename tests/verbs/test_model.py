"""Model: a world model of real recordings; what it says, what it refuses, and that it resumes to the bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import reverie
from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.core.world_model import WorldModel
from reverie.data.sequences import CodedEpisodes
from reverie.verbs.codes import beliefs
from reverie.verbs.load import load
from reverie.verbs.load_model import held_out_episodes, load_model, starts, training_episodes

CHOICES = [
    *("--hidden-size", "16", "--epochs", "6", "--batch-size", "4", "--window", "20", "--burn-in", "4"),
    *("--threads", "1", "--seed", "3", "--checkpoint-seconds", "0.05"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with recordings of CartPole, a representation of them, and a world model of its codes."""
    folder = tmp_path_factory.mktemp("worlds")
    data, codes, dynamics = (str(folder / name) for name in ("data", "codes", "dynamics"))
    assert main(["capture", "CartPole-v1", data, "--episodes", "20", "--size", "16", "--seed", "2"]) == 0
    fit = ["fit", "dense-ae", data, codes, "--code-size", "4", "--hidden", "16", "--epochs", "2"]
    assert main([*fit, "--threads", "1"]) == 0
    assert main(["model", "mdn-rnn", codes, data, dynamics, *CHOICES]) == 0
    return folder


def result(run: Path) -> dict:
    return json.loads((run / "result.json").read_text())


def test_it_tells_what_it_knows_beside_those_who_know_less(place):
    told = result(place / "dynamics")["forecast"]
    assert set(told["nats_per_unit"]) == {"trained", "untrained", "previous_code", "no_memory"}
    assert told["nats_per_unit"]["trained"] < told["nats_per_unit"]["untrained"]
    assert told["reward"]["variance"] == 0.0  # CartPole pays 1 for every step
    assert told["open_loop"]["horizons"][0] == 1


def test_the_scores_of_those_who_know_less_are_those_of_hand_made_normals(place):
    loaded = load_model(place / "dynamics")
    training, held_out = training_episodes(loaded), held_out_episodes(loaded)
    changes, after = [], []
    for episodes, found in ((training, 0), (held_out, 1)):
        rows = [
            (first + step, first + step + 1)
            for first, length in zip(episodes.first, episodes.lengths, strict=True)
            for step in range(length)
            if episodes.visible[first + step + 1]
        ]
        before, later = (episodes.mean[list(part)] for part in zip(*rows, strict=True))
        changes.append(later - before)
        after.append(later)
        assert len(changes) == found + 1
    told = result(place / "dynamics")["forecast"]["nats_per_unit"]
    scale = np.maximum(np.sqrt((changes[0].astype(np.float64) ** 2).mean(0)), 1e-6)
    nats = 0.5 * (changes[1] / scale) ** 2 + np.log(scale) + 0.5 * np.log(2 * np.pi)
    assert told["previous_code"] == pytest.approx(nats.mean(), rel=1e-4)
    mean, spread = after[0].mean(0, dtype=np.float64), np.maximum(after[0].std(0, dtype=np.float64), 1e-6)
    nats = 0.5 * ((after[1] - mean) / spread) ** 2 + np.log(spread) + 0.5 * np.log(2 * np.pi)
    assert told["no_memory"] == pytest.approx(nats.mean(), rel=1e-4)


def test_codes_are_kept_and_found_again(place):
    data = reverie.open_data(place / "data")
    subject = load(place / "codes")
    first = beliefs(subject, data)
    kept = sorted((place / "codes" / "codes").glob("beliefs-*.safetensors"))
    assert len(kept) == 1
    stamp = kept[0].stat().st_mtime_ns
    second = beliefs(subject, data)
    assert kept[0].stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[0], subject.codes(data, np.arange(data.frame_count)))


def test_altered_codes_are_named_and_worked_out_anew(place, tmp_path):
    shutil.copytree(place / "codes", tmp_path / "codes")
    file = next((tmp_path / "codes" / "codes").glob("beliefs-*.safetensors"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-4] + b"\x00\x00\xc0\x7f")
    data = reverie.open_data(place / "data")
    beliefs(load(tmp_path / "codes"), data)
    assert file.read_bytes() == whole


def test_starts_begin_episodes_or_are_warmed_up_on_what_came_before(place):
    loaded = load_model(place / "dynamics")
    episodes, model = training_episodes(loaded), loaded.world_model
    cold = starts(model, episodes, 10, seed=1, from_start=1.0)
    assert all((part == 0).all() for part in cold.hidden)
    assert all((cold.mean[i].numpy() == episodes.mean[episodes.first]).all(1).any() for i in range(10))
    warm = starts(model, episodes, 10, seed=1, from_start=0.0)
    for index in range(10):
        rows = np.flatnonzero((episodes.mean == warm.mean[index].numpy()).all(1))
        by_hand = [warmed_up(model, episodes, row) for row in rows]  # frames may look alike
        found = torch.cat([part[index] for part in warm.hidden])
        assert any(torch.allclose(found, hidden, atol=1e-5) for hidden in by_hand)


def warmed_up(model: WorldModel, episodes: CodedEpisodes, row: int) -> torch.Tensor:
    """The hidden state in front of a row, step by step from 40 steps before, or from the episode's start."""
    first = episodes.first[episodes.first <= row].max()
    hidden = model.initial(1)
    for step in range(max(first, row - 40), row):
        code, action = (torch.from_numpy(part[step : step + 1]) for part in (episodes.mean, episodes.actions))
        hidden, _ = model.step(hidden, code, action)
    return torch.cat([part[0] for part in hidden])


def start(*words: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "reverie", *words], stdout=quiet, stderr=quiet)


def test_killed_and_resumed_it_ends_with_the_same_bits(place, tmp_path):
    run = tmp_path / "killed"
    process = start("model", "mdn-rnn", str(place / "codes"), str(place / "data"), str(run), *CHOICES)
    events, wanted = run / "events.jsonl", (place / "dynamics" / "events.jsonl").stat().st_size // 2
    while process.poll() is None and not (events.exists() and events.stat().st_size >= wanted):
        time.sleep(0.002)
    killed = process.poll() is None
    if killed:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not (run / "result.json").exists()
    assert main(["resume", str(run)]) == 0
    assert result(run)["sha256"] == result(place / "dynamics")["sha256"]


def refused(capsys, *words: str) -> str:
    assert main(["model", "mdn-rnn", *words]) == 2
    return capsys.readouterr().err


def test_wrong_input_is_one_sentence(place, tmp_path, capsys):
    codes, data, run = str(place / "codes"), str(place / "data"), str(tmp_path / "run")
    assert "no run at" in refused(capsys, data + "x", data, run)
    assert "was made by `reverie model`" in refused(capsys, str(place / "dynamics"), data, run)
    small = str(tmp_path / "small")
    assert main(["capture", "CartPole-v1", small, "--episodes", "2", "--size", "8"]) == 0
    capsys.readouterr()
    assert "encodes frames of 3 x 16 x 16, and" in refused(capsys, codes, small, run)
    sparse = str(tmp_path / "sparse")
    assert main(["capture", "CartPole-v1", sparse, "--episodes", "2", "--size", "16", "--stride", "2"]) == 0
    capsys.readouterr()
    assert "keeps one step in 2, so that actions are missing" in refused(capsys, codes, sparse, run)
    assert "choose smaller sizes" in refused(capsys, codes, data, run, "--hidden-size", "1000000000")
    assert not Path(run).exists()


def test_it_learns_from_further_recordings_and_from_where_another_ended(place, tmp_path, capsys):
    more, begun = str(tmp_path / "more"), str(tmp_path / "begun")
    assert main(["capture", "CartPole-v1", more, "--episodes", "5", "--size", "16", "--seed", "9"]) == 0
    words = [
        str(place / "codes"),
        str(place / "data"),
        begun,
        "--more",
        more,
        "--begin",
        str(place / "dynamics"),
    ]
    none = ["--epochs", "1", "--learning-rate", "1e-30", "--hidden-size", "16", "--schedule", "constant"]
    assert main(["model", "mdn-rnn", *words, *none, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == result(Path(begun))
    loaded, before = load_model(Path(begun)), load_model(place / "dynamics")
    # It hardly learns, so it still is what it began with, and knows the new episodes beside the old.
    for name, tensor in loaded.world_model.named_parameters():
        torch.testing.assert_close(tensor, before.world_model.get_parameter(name))
    both = training_episodes(loaded).steps + held_out_episodes(loaded).steps
    steps = [entry.steps for data in loaded.recordings for entry in data.manifest.episodes]
    assert (len(loaded.recordings), both) == (2, sum(steps))
    capsys.readouterr()
    words[2] = str(tmp_path / "other")
    assert "is another world model than is to be fitted" in refused(capsys, *words, "--hidden-size", "8")


def test_a_representation_that_is_gone_or_changed_is_named(place, tmp_path):
    for name in ("data", "codes", "dynamics"):
        shutil.copytree(place / name, tmp_path / name)
    job = json.loads((tmp_path / "dynamics" / "job.json").read_text())
    job["job"] |= {"representation": str(tmp_path / "codes"), "data": str(tmp_path / "data")}
    (tmp_path / "dynamics" / "job.json").write_text(json.dumps(job))
    assert load_model(tmp_path / "dynamics").env == "CartPole-v1"
    changed = json.loads((tmp_path / "codes" / "result.json").read_text())
    changed["sha256"] = {"weights.safetensors": "0" * 64}
    (tmp_path / "codes" / "result.json").write_text(json.dumps(changed))
    with pytest.raises(WrongInput, match="altered"):
        load_model(tmp_path / "dynamics")
    shutil.rmtree(tmp_path / "codes")
    with pytest.raises(WrongInput, match="is gone; put it back, or model anew"):
        load_model(tmp_path / "dynamics")
