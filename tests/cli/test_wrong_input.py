"""Wrong input on the command line: one sentence with thing, value and remedy; never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reverie.cli import main


def say(capsys, *words: str | Path) -> tuple[int, str]:
    status = main([str(word) for word in words])
    return status, capsys.readouterr().err.strip()


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Six short episodes of CartPole."""
    folder = tmp_path_factory.mktemp("data") / "poles"
    words = ["capture", "CartPole-v1", folder, "--episodes", "6", "--max-steps", "12", "--seed", "3"]
    assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture(scope="module")
def run(data, tmp_path_factory) -> Path:
    """A small dense autoencoder of them, trained for one epoch."""
    folder = tmp_path_factory.mktemp("runs") / "dense"
    words = ["fit", "dense-ae", data, folder, "--code-size", "4", "--epochs", "1", "--threads", "1"]
    assert main([str(word) for word in words]) == 0
    return folder


WRONG = {
    "capture LunarLanderr-v3 OUT": "unknown environment 'LunarLanderr-v3'; did you mean 'LunarLander-v3'?",
    "captur LunarLander-v3 OUT": "unknown command 'captur'; did you mean 'capture'?",
    "capture LunarLander-v3 OUT --episods 3": "'--episods' of reverie capture; did you mean '--episodes'?",
    "capture LunarLander-v3 OUT --episodes many": "--episodes takes a whole number, got 'many'",
    "capture LunarLander-v3": "reverie capture needs DATA",
    "capture LunarLander-v3 OUT --policy heldd": "unknown policy 'heldd'; did you mean 'held'?",
    "capture CartPole-v1 OUT --scenes 4": "scenes",
    "capture LunarLander-v3 OUT --episodes 0": "episodes",
    "fit conv-vaee DATA OUT": "did you mean 'conv-vae'?",
    "fit": "reverie fit needs a word",
    "fit dense-ae NOWHERE OUT": "NOWHERE",
    "fit dense-ae DATA RUN": "exists and is not empty",
    "fit dense-ae DATA OUT --betta 2": "unknown option '--betta'",
    "fit dense-ae DATA OUT --reconstruction pixl": "did you mean 'pixel'?",
    "fit dense-ae DATA OUT --reconstruction perceptual:squeezenett@fire3": "did you mean 'squeezenet'?",
    "fit dense-ae DATA OUT --reconstruction perceptual:random-squeezenet@fier3": "did you mean 'fire3'?",
    "fit dense-ae DATA OUT --epochs -1": "epochs must be above 0, got -1",
    "fit dense-ae DATA OUT --device cuda": "device 'cuda' is not there",
    "fit dense-ae DATA OUT --device tpu": "--device takes one of",
    "fit dense-ae DATA OUT --validation 1.5": "validation must lie in [0, 1), got 1.5",
    "fit dense-ae DATA OUT --seed -1": "'seed' must be zero or positive, got -1",
    "fit dense-ae DATA OUT --threads -1": "'threads' must be zero or positive, got -1",
    "fit dense-ae DATA OUT --workers -1": "'workers' must be zero or positive, got -1",
    "fit dense-ae DATA OUT --validation 0 --patience 2": "need validation frames",
    "study elbo --seeds -1": "'seeds' must be zero or positive, got -1",
    "probe RUN --data NOWHERE": "NOWHERE",
    "probe NOWHERE --data DATA": "NOWHERE",
    "probe RUN --data DATA --factors angel": "did you mean 'angle'?",
    "look RUN --lens travrsal": "did you mean 'traversal'?",
    "report NOWHERE": "NOWHERE",
    "resume NOWHERE": "NOWHERE",
    "data info NOWHERE": "NOWHERE",
    "data chekc DATA": "did you mean 'check'?",
    "study perceptual-landr": "did you mean 'perceptual-lander'?",
    "runs NOWHERE": "NOWHERE",
    "probe": "reverie probe needs --data PATH",
    "capture nowhere_at_all:Maze-v0 OUT": "nowhere_at_all",
    "--verson": "unknown option '--verson'; did you mean '--version'?",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_input_is_one_sentence_and_status_2(command, data, run, tmp_path, capsys):
    if "cuda" in command and __import__("torch").cuda.is_available():
        pytest.skip("this machine has the device that the test asks for")
    places = {"DATA": data, "RUN": run, "OUT": tmp_path / "out", "NOWHERE": tmp_path / "NOWHERE"}
    status, text = say(capsys, *(places.get(word, word) for word in command.split()))
    assert WRONG[command] in text
    assert status == 2
    assert "\n" not in text and "Traceback" not in text and text.startswith("reverie: ")
    assert not (tmp_path / "out").exists()


def test_frames_of_another_size_than_the_runs_are_refused(run, tmp_path, capsys):
    other = tmp_path / "small"
    assert (
        main(["capture", "CartPole-v1", str(other), "--episodes", "3", "--size", "32", "--max-steps", "5"])
        == 0
    )
    capsys.readouterr()
    status, text = say(capsys, "probe", run, "--data", other)
    assert status == 2 and "64x64" in text and "32x32" in text


def test_an_altered_weight_file_is_named(data, run, tmp_path, capsys):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    weights = broken / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    status, text = say(capsys, "probe", broken, "--data", data)
    assert status == 2 and str(weights) in text


def test_an_unfinished_run_says_how_to_finish_it(run, data, tmp_path, capsys):
    import shutil

    unfinished = tmp_path / "unfinished"
    shutil.copytree(run, unfinished)
    (unfinished / "result.json").unlink()
    status, text = say(capsys, "probe", unfinished, "--data", data)
    assert status == 2 and f"reverie resume {unfinished}" in text
    assert main(["resume", str(unfinished)]) == 0


def test_a_damaged_job_is_named(run, data, tmp_path, capsys):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    for content in ("{", "[]", '{"verb": "fit", "job": {"method": "dense-ae"}}', '{"verb": "fit", "job": 3}'):
        (broken / "job.json").write_text(content)
        status, text = say(capsys, "probe", broken, "--data", data)
        assert status == 2 and "\n" not in text and "unexpected" not in text, (content, text)


def test_json_is_the_last_line_of_standard_output(data, capsys):
    assert main(["data", "info", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["episodes"] == 6


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["fit", "--help"],
        ["study", "list"],
        ["data", "info", "DATA"],
        ["runs", "."],
    ],
)
def test_quick_commands_do_not_load_torch(words, data, tmp_path):
    script = (
        "import sys; from reverie.cli import main; sys.exit(main(sys.argv[1:]) or 'torch' in sys.modules)"
    )
    words = [str(data) if word == "DATA" else word for word in words]
    environment = {**os.environ, "PYTHONPATH": ""}
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_help_of_every_command_is_complete(capsys):
    from reverie.cli.commands import COMMANDS

    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for name in COMMANDS:
        assert f"  {name} " in overview
        assert main([name, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"usage: reverie {name}")
