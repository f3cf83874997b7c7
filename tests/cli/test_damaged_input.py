"""Damaged data and runs on the command line: named in one sentence, nothing lost, no traceback."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reverie.cli import main
from reverie.core.lock import alone
from reverie.data.store import open_data


@pytest.fixture
def data(tmp_path, capsys) -> Path:
    folder = tmp_path / "poles"
    assert (
        main(["capture", "CartPole-v1", str(folder), "--episodes", "6", "--max-steps", "12", "--size", "16"])
        == 0
    )
    capsys.readouterr()
    return folder


def refused(capsys, *words: str | Path) -> str:
    assert main([str(word) for word in words]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("reverie: ") and "\n" not in said and "Traceback" not in said
    return said


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def test_a_flipped_byte_is_named_by_fit_and_by_check(data, tmp_path, capsys):
    chunk = next(path for path in sorted((data / "archive" / "frames" / "c").rglob("*")) if path.is_file())
    flip(chunk)
    assert str(chunk) in refused(capsys, "fit", "dense-ae", data, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert main(["data", "check", str(data)]) == 1
    assert str(chunk) in capsys.readouterr().out


def test_a_missing_chunk_is_named(data, tmp_path, capsys):
    chunk = next(path for path in sorted((data / "archive" / "factors" / "c").rglob("*")) if path.is_file())
    chunk.unlink()
    assert main(["data", "check", str(data)]) == 1
    assert str(chunk) in capsys.readouterr().out


COMMANDS = (
    "fit dense-ae PLACE RUN",
    "data info PLACE",
    "data check PLACE",
    "resume PLACE",
    "report PLACE",
    "look PLACE",
    "probe PLACE --data PLACE",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_folder_is_refused_by_every_command(command, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    places = {"PLACE": tmp_path / "empty", "RUN": tmp_path / "run"}
    said = refused(capsys, *(places.get(word, word) for word in command.split()))
    assert str(tmp_path / "empty") in said
    assert not (tmp_path / "run").exists()


def test_a_run_is_no_data_set_and_a_data_set_is_no_run(data, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["fit", "dense-ae", str(data), str(run), "--epochs", "1", "--threads", "1"]) == 0
    capsys.readouterr()
    assert str(run) in refused(capsys, "fit", "dense-ae", run, tmp_path / "other")
    assert str(data) in refused(capsys, "probe", data, "--data", data)
    assert str(data) in refused(capsys, "report", data)


def test_a_truncated_manifest_is_named(data, tmp_path, capsys):
    manifest = data / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-40])
    assert str(manifest) in refused(capsys, "fit", "dense-ae", data, tmp_path / "run")
    assert str(manifest) in refused(capsys, "data", "info", data)


@pytest.mark.parametrize("file", ["weights.safetensors", "job.json", "result.json"])
def test_an_altered_run_is_named(data, tmp_path, capsys, file):
    run = tmp_path / "run"
    assert main(["fit", "dense-ae", str(data), str(run), "--epochs", "1", "--threads", "1"]) == 0
    capsys.readouterr()
    (run / file).write_bytes((run / file).read_bytes()[:-20])
    assert str(run) in refused(capsys, "probe", run, "--data", data)


def test_without_its_last_checkpoint_a_run_resumes_from_the_one_before(data, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["fit", "dense-ae", str(data), str(run), "--epochs", "3", "--threads", "1"]) == 0
    weights = (run / "weights.safetensors").read_bytes()
    (run / "result.json").unlink()
    (run / "weights.safetensors").unlink()
    newest = sorted((run / "checkpoint").iterdir())[-1]
    flip(newest / "weights.safetensors")
    assert main(["resume", str(run)]) == 0
    assert str(newest) in capsys.readouterr().err
    assert (run / "weights.safetensors").read_bytes() == weights
    shutil.rmtree(run)


def test_a_single_flipped_bit_in_the_weights_is_named(data, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["fit", "dense-ae", str(data), str(run), "--epochs", "1", "--threads", "1"]) == 0
    capsys.readouterr()
    flip(run / "weights.safetensors")
    assert str(run / "weights.safetensors") in refused(capsys, "probe", run, "--data", data)


def test_two_processes_do_not_work_in_one_run(data, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["fit", "dense-ae", str(data), str(run), "--epochs", "1", "--threads", "1"]) == 0
    (run / "result.json").unlink()
    capsys.readouterr()
    with alone(run):
        assert "another process is working in" in refused(capsys, "resume", run)


def test_a_run_probed_in_another_environment_is_said_to_be(data, tmp_path, capsys):
    run, other = tmp_path / "run", tmp_path / "cars"
    assert main(["fit", "dense-ae", str(data), str(run), "--epochs", "1", "--threads", "1"]) == 0
    words = ["capture", "MountainCar-v0", str(other), "--episodes", "4", "--max-steps", "9", "--size", "16"]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["probe", str(run), "--data", str(other), "--probe", "ridge", "--no-baselines"]) == 0
    assert "was trained on CartPole-v1, these recordings are of MountainCar-v0" in capsys.readouterr().err


def test_an_unfinished_data_set_is_said_to_be(tmp_path, capsys):
    data = tmp_path / "poles"
    words = [sys.executable, "-m", "reverie", "capture", "CartPole-v1", str(data), "--episodes", "2000"]
    process = subprocess.Popen([*words, "--size", "16"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (data / "manifest.json").exists() or len(open_data(data)) < 20:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert main(["data", "check", str(data)]) == 0
    assert "is whole so far, with" in capsys.readouterr().out
    assert main(["fit", "dense-ae", str(data), str(tmp_path / "run"), "--epochs", "1", "--threads", "1"]) == 0
    assert f"is not complete; complete it with: reverie resume {data}" in capsys.readouterr().err
