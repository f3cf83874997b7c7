"""Train: a controller evolves in the dream of a small world model; killed and resumed, to the same bits."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import reverie
from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.core.seeds import numpy_generator
from reverie.verbs._playing import Errand, world_maker
from reverie.verbs.capture import CaptureJob
from reverie.verbs.load_agent import load_agent
from reverie.verbs.runs import list_runs
from reverie.verbs.train import stage_of

CHOICES = [
    *("--temperature", "1.15", "--generations", "20", "--population", "6", "--rollouts", "4"),
    *("--max-steps", "60", "--held-out", "8", "--held-out-every", "5", "--seed", "3", "--threads", "1"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A folder with a world model `m`, the representation `v` that it stands on, and recordings."""
    place = tmp_path_factory.mktemp("world")
    for words in (
        f"capture CartPole-v1 {place}/data --episodes 12 --size 32 --seed 2",
        f"fit dense-ae {place}/data {place}/v --code-size 4 --hidden 16 --epochs 1 --threads 1",
        f"model mdn-rnn {place}/v {place}/data {place}/m --hidden-size 8 --mixtures 2 --epochs 2 --threads 1",
    ):
        assert main(words.split()) == 0
    return place


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory) -> Path:
    """The run that nobody disturbed."""
    run = tmp_path_factory.mktemp("whole") / "run"
    assert main(["train", "linear-cma", str(world / "m"), str(run), *CHOICES]) == 0
    return run


def start(*words) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "reverie", *words], stdout=quiet, stderr=quiet)


def stop_after(process, run, generations, sign) -> bool:
    """Send the signal once so many generations are in the log; false when the process was quicker."""
    events = run / "events.jsonl"
    while process.poll() is None:
        if events.exists() and events.read_bytes().count(b'"generation", ') >= generations:
            os.kill(process.pid, sign)
            process.wait()
            return True
        time.sleep(0.002)
    return False


def check_same(run, whole):
    for name in ("weights.safetensors", "events.jsonl"):
        assert (run / name).read_bytes() == (whole / name).read_bytes()
    one, other = (json.loads((folder / "result.json").read_text()) for folder in (run, whole))
    for name in ("dream", "held_out", "chosen_generation", "episodes", "sha256"):
        assert one[name] == other[name]


def test_killed_from_outside_twice_and_resumed_it_is_the_same_to_the_bit(world, whole, tmp_path):
    run = tmp_path / "run"
    words = ["train", "linear-cma", str(world / "m"), str(run), *CHOICES]
    assert stop_after(start(*words), run, 4, signal.SIGKILL)
    line = next(line for line in list_runs(tmp_path) if line["run"] == "run")
    assert line["state"] == "unfinished" and 0.1 < line["done"] < 0.9 and line["verb"] == "train"
    assert stop_after(start("resume", str(run)), run, 11, signal.SIGKILL)
    assert main(["resume", str(run)]) == 0
    check_same(run, whole)


def test_ctrl_c_leaves_a_run_that_resumes(world, whole, tmp_path):
    run = tmp_path / "run"
    process = start("train", "linear-cma", str(world / "m"), str(run), *CHOICES)
    assert stop_after(process, run, 3, signal.SIGINT) and process.returncode == 130
    assert main(["resume", str(run)]) == 0
    check_same(run, whole)


def test_the_job_says_what_was_trained_on_what_and_the_result_how_it_went(world, whole):
    job, result = Run(whole).job(), Run(whole).result()
    assert job["verb"] == "train" and job["job"]["method"] == "linear-cma"
    assert job["job"]["dream"]["temperature"] == 1.15 and job["job"]["dream"]["max_steps"] == 60
    assert job["uses"]["world_model"] == Run(world / "m").result()["sha256"]["weights.safetensors"]
    # Two actions on four code units and eight that M remembers, with a bias each.
    assert result["parameters"] == job["uses"]["parameters"] == 2 * (4 + 8 + 1)
    assert result["episodes"] == 20 * 6 * 4 and result["dream"]["episodes"] == 8
    assert [score["generation"] for score in result["held_out"]] == [5, 10, 15, 20]


def test_the_trained_controller_loads_and_acts(whole):
    agent = load_agent(whole)
    hidden = tuple(torch.zeros(5, size) for size in agent.model.world_model.hidden_sizes)
    action = agent.actor(5).act(torch.zeros(5, 4), hidden)
    assert action.shape == (5, 2) and (action.sum(1) == 1).all()


def test_from_python_it_is_the_same_run_and_an_unknown_field_is_named(world, whole, tmp_path):
    fields = {"temperature": 1.15, "generations": 20, "population": 6, "rollouts": 4, "max_steps": 60}
    fields |= {"held_out": 8, "held_out_every": 5, "seed": 3, "threads": 1}
    result = reverie.train("linear-cma", world / "m", tmp_path / "run", **fields)
    assert result["sha256"] == Run(whole).result()["sha256"]
    with pytest.raises(WrongInput, match="unknown linear-cma field 'temprature'; did you mean 'temperature'"):
        reverie.train("linear-cma", world / "m", tmp_path / "other", temprature=1.0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["linear-cma", "{m}", "{new}", "--population", "1"], "population must be 4 or more, got 1"),
        (["linear-cma", "{m}", "{new}", "--temperature", "0"], "temperature must be above 0, got 0"),
        (["linear-cma", "{m}", "{new}", "--generations", "0"], "generations must be 1 or more, got 0"),
        (["linear-cma", "{m}", "{new}", "--from-start", "2"], "from_start must be from 0 to 1, got 2.0"),
        (["linear-cma", "{m}", "{new}", "--choice", "threshold"], "needs 3 discrete actions, got 2"),
        (["linear-cma", "{v}", "{new}"], "was made by `reverie fit`, not by `reverie model`"),
        (["linear-cma", "{new}/none", "{new}"], "no run at"),
        (["linear-cma", "{m}", "{m}"], "exists and is not empty"),
        (["linear-cmaa", "{m}", "{new}"], "did you mean 'linear-cma'?"),
        (["random", "{m}", "{new}"], "no use for 'random', which learns nothing; choose linear-cma"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(world, tmp_path, capsys, words, sentence):
    places = {"m": world / "m", "v": world / "v", "new": tmp_path / "run"}
    assert main(["train", *(word.format(**places) for word in words)]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_search_can_begin_at_a_controller_that_was_found(world, whole, tmp_path, capsys):
    """With hardly any spread all candidates are that controller, whose scores are its own."""
    run, words = (
        tmp_path / "run",
        ["--sigma", "1e-9", "--generations", "1", "--start", str(whole), *CHOICES[:2]],
    )
    assert main(["train", "linear-cma", str(world / "m"), str(run), *words, *CHOICES[-10:]]) == 0
    event = Run(run).events()[0]
    assert event["best"] == event["mean"]
    assert torch.allclose(load_agent(run).parameters, load_agent(whole).parameters, atol=1e-6)
    assert main(["train", "linear-cma", str(world / "m"), str(tmp_path / "z"), "--inputs", "z", *words]) == 2
    assert "a controller with 26 parameters does not fit here, where it has 10" in capsys.readouterr().err


IN_ENV = [
    *("--in", "env", "--generations", "1", "--population", "4", "--rollouts", "3"),
    *("--held-out", "4", "--max-steps", "40", "--threads", "1"),
]


def test_in_the_environment_the_scores_are_the_same_whoever_plays(world, tmp_path):
    for name, crew in {"alone": [], "two": ["--workers", "2"]}.items():
        assert main(["train", "linear-cma", str(world / "m"), str(tmp_path / name), *IN_ENV, *crew]) == 0
    events = [(tmp_path / name / "events.jsonl").read_bytes() for name in ("alone", "two")]
    assert events[0] == events[1]
    result = Run(tmp_path / "two").result()
    assert result["env"]["episodes"] == 4 and "dream" not in result
    assert load_agent(tmp_path / "two").parameters.shape == (26,)


def test_an_episode_in_the_environment_is_worked_through_as_by_a_plain_loop(whole):
    """See, act, remember, step: by hand with one world, and by three side by side; scores are step counts."""
    agent = load_agent(whole)
    work, seed, lengths = stage_of(replace(agent.job, where="env"), 0), 5, []
    representation, model = agent.model.representation.representation, agent.model.world_model
    for number in range(3):
        episode = CaptureJob(env="CartPole-v1", size=32).world()
        episode.reset(numpy_generator(seed, "episode", number))
        hidden, over, steps = model.initial(1), False, 0
        while not over and steps < 60:
            frame = torch.from_numpy(episode.frame().copy()).permute(2, 0, 1)[None] / 255
            with torch.no_grad():
                code = representation.encode(frame).mean.flatten(1)
                action = agent.actor(1).act(code, hidden)
                hidden, _ = model.step(hidden, code, action)
            _, terminated, truncated = episode.step(int(action.argmax()))
            over, steps = terminated or truncated, steps + 1
        lengths.append(float(steps))
    errands = [
        Errand(agent.parameters, 0, 3, seed),
        *(Errand(agent.parameters, n, 1, seed) for n in range(3)),
    ]
    together, *alone = (work(0, errand).tolist() for errand in errands)
    assert together == lengths == [score for scores in alone for score in scores]


def test_recordings_that_no_environment_made_cannot_be_played(tmp_path):
    reverie.make_data("stripes", tmp_path / "data", count=4)
    with pytest.raises(WrongInput, match="was not captured from an environment; train in the dream"):
        world_maker(reverie.open_data(tmp_path / "data"))


def test_help_lists_what_is_trained_and_capture_what_is_not(capsys):
    main(["train", "--help"])
    text = capsys.readouterr().out
    assert "linear-cma" in text and "random" not in text
    main(["capture", "--help"])
    assert "linear-cma" not in capsys.readouterr().out


def test_a_controller_that_has_not_learnt_does_not_record(tmp_path, capsys):
    assert main(["capture", "CartPole-v1", str(tmp_path / "data"), "--policy", "linear-cma"]) == 2
    assert "reverie train linear-cma WORLD_MODEL_RUN RUN" in capsys.readouterr().err


def test_a_world_model_that_changed_since_is_refused(world, whole, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    (run / "result.json").unlink()
    job = json.loads((run / "job.json").read_text())
    job["uses"]["world_model"] = "0" * 64
    (run / "job.json").write_text(json.dumps(job))
    assert main(["resume", str(run)]) == 2
    assert "the world model of" in (error := capsys.readouterr().err) and "train anew" in error


@pytest.mark.parametrize("size", [25, 27])
def test_a_controller_of_another_size_is_refused(whole, tmp_path, size):
    from safetensors.torch import save_file

    from reverie.core.files import sha256

    run = tmp_path / "run"
    shutil.copytree(whole, run)
    save_file({"parameters": torch.zeros(size, dtype=torch.float64)}, run / "weights.safetensors")
    result = json.loads((run / "result.json").read_text())
    result["sha256"]["weights.safetensors"] = sha256(run / "weights.safetensors")
    (run / "result.json").write_text(json.dumps(result))
    with pytest.raises(
        WrongInput, match=f"a controller with {size} parameters does not fit here, where it has 26"
    ):
        load_agent(run)
