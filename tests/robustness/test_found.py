"""What the siege found once, each in its smallest form."""

import json
import os
import sys

import pytest

from reverie.cli import main
from reverie.core.console import printable
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, members
from reverie.core.files import read_json, write_json
from reverie.core.representation import RepresentationConfig
from reverie.core.run import Run
from reverie.engine import checkpoint
from reverie.engine.estimate import peak_memory
from reverie.representations.dense_ae import DenseAEConfig
from reverie.verbs import fit as fits
from reverie.verbs._sizes import check_size
from reverie.verbs.capture import CaptureJob, capture

links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


def run_in(place):
    run = Run.create(place / "run", "fit", {"method": "dense-ae"})
    run.emit(event="train", epoch=0)
    return run


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in files here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "job.json")
    with pytest.raises(WrongInput, match="is not a file"):
        read_json(tmp_path / "job.json", "job")


def test_a_number_without_end_is_damage(tmp_path):
    (tmp_path / "job.json").write_bytes(b"[" + b"9" * 5000 + b"]")
    with pytest.raises(WrongInput, match="the job is damaged"):
        read_json(tmp_path / "job.json", "job")


@links
def test_writing_does_not_follow_a_link_that_waits_under_the_temporary_name(tmp_path):
    (tmp_path / "outside").write_text("kept")
    (tmp_path / "result.json.tmp").symlink_to(tmp_path / "outside")
    write_json(tmp_path / "result.json", [1])
    assert (tmp_path / "outside").read_text() == "kept"
    assert json.loads((tmp_path / "result.json").read_text()) == [1]


@links
@pytest.mark.parametrize("name", ["events.jsonl", "checkpoint", "look"])
def test_a_run_with_a_link_in_it_is_refused(name, tmp_path):
    run = run_in(tmp_path)
    (run.folder / "events.jsonl").rename(tmp_path / "elsewhere")
    (run.folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WrongInput, match=f"{name} is a link"):
        Run.open(run.folder)


@pytest.mark.parametrize("line", [b"[" * 100_000, b"[]", b"\xff", b"3", b"{"])
def test_a_line_that_is_no_event_is_numbered(line, tmp_path):
    run = run_in(tmp_path)
    with (run.folder / "events.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(WrongInput, match="line 2 is no event"):
        run.events()


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path):
    run = run_in(tmp_path)
    with (run.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "tr')
    assert run.events() == [{"event": "train", "epoch": 0}]


def test_a_checkpoint_without_checksums_is_refused(tmp_path):
    state = {"counters": {}}
    write_json(tmp_path / "state.json", state | {"digest": checkpoint._digest(state)})
    with pytest.raises(WrongInput, match="no checksums"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize("total", [[], None, 3])
def test_a_checksum_that_is_no_text_is_refused(total, tmp_path):
    state = {"counters": {}, "sha256": {"weights": total}}
    write_json(tmp_path / "state.json", state | {"digest": checkpoint._digest(state)})
    with pytest.raises(WrongInput, match="no checksums"):
        checkpoint.read(tmp_path)


def test_what_moves_a_cursor_is_spelt_out():
    assert printable("a\x1b[2Jb\nc\ud800é") == "a\\x1b[2Jb\nc\\ud800é"


def test_a_sentence_that_quotes_a_book_is_short(capsys):
    assert main(["data", "info", "x" * 5000 + "\x1b[2J"]) in (1, 2)
    said = capsys.readouterr().err
    assert len(said) < 1100 and "\x1b" not in said


def test_a_name_that_is_no_text_is_wrong_input(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["capture", "CartPole-v1", "\ud800", "--episodes", "1", "--size", "8"]) == 2
    assert "no text" in capsys.readouterr().err


@pytest.mark.parametrize("word", members("representations"))
@pytest.mark.parametrize("size", [10**9, 10**12, 10**30])
def test_weights_of_any_size_are_counted_before_they_are_allocated(word, size):
    kind = config_of("representations", word, RepresentationConfig)
    before = peak_memory()
    with pytest.raises(WrongInput, match="choose smaller sizes"):
        check_size(kind(code_size=size), (3, 64, 64))  # pyright: ignore
    assert peak_memory() - before < 1 << 26


def test_a_resumed_job_that_does_not_say_how_many_threads_gets_as_many_as_a_new_one(tmp_path):
    capture(CaptureJob(env="CartPole-v1", episodes=3, size=8, max_steps=6), tmp_path / "data")
    job = fits.FitJob(data=tmp_path / "data", representation=DenseAEConfig(code_size=2, hidden=(4,)))
    run = fits.prepare(job, tmp_path / "run")
    written = json.loads((run.folder / "job.json").read_text())
    del written["job"]["conditions"]["threads"], written["job"]["conditions"]["device"]
    write_json(run.folder / "job.json", written)
    assert fits.resume_fit(run)["epochs"] == 10


@pytest.mark.parametrize("threads", [2_000_000_000, 10**30])
def test_threads_that_no_machine_has_are_refused(threads):
    with pytest.raises(WrongInput, match=f"threads must be from 0 to 1024, got {threads}"):
        fits.Conditions(threads=threads)
