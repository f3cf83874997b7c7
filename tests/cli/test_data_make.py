"""`reverie data make`: words, flags, errors of one sentence, and that what is made can be learnt from."""

import json
import subprocess
import sys

import pytest

from reverie.cli import main


def said(capsys, *words):
    status = main(["data", "make", *map(str, words)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_sets_are_listed(capsys):
    status, out, _ = said(capsys, "list")
    assert status == 0
    for word in ("sprites", "cells4", "glyphs", "stripes", "dsprites"):
        assert f"\n  {word} " in out


def test_sprites_are_made_fitted_and_probed(capsys, tmp_path):
    status, out, _ = said(capsys, "sprites", tmp_path / "d", "--count", "60", "--size", "16", "--json")
    assert status == 0
    made = json.loads(out.splitlines()[-1])
    assert (made["frames"], made["frame_shape"], made["complete"]) == (60, [16, 16, 1], True)
    assert "x [left to right]" in made["factors"]
    fit = ["fit", "dense-ae", tmp_path / "d", tmp_path / "r", "--epochs", "1", "--code-size", "2"]
    assert main(list(map(str, fit))) == 0
    assert main(["probe", str(tmp_path / "r"), "--data", str(tmp_path / "d"), "--factors", "x", "y"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "reverie data make needs a word: cells4, "),
        (("sprite", "x"), "unknown word for reverie data make 'sprite'; did you mean 'sprites'?"),
        (("cells4",), "reverie data make cells4 needs DATA"),
        (("cells4", "x", "--cuont", "3"), "unknown option '--cuont' of reverie data make cells4"),
        (("cells4", "x", "--count", "82"), "cells4 has 81 images"),
        (("cells4", "x", "--count", "-1"), "'count' must be zero or positive, got -1"),
        (("sprites", "x", "--size", "2"), "'size' must be from 16 to 1024 pixels, got 2"),
        (("dsprites", "x", "--file", "nowhere.npz"), "no dSprites at nowhere.npz"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(capsys, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    status, out, err = said(capsys, *words)
    assert status == 2
    assert sentence in err and err.count("\n") == 1 and out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_refused(capsys, tmp_path):
    assert said(capsys, "stripes", tmp_path / "d")[0] == 0
    status, _, err = said(capsys, "stripes", tmp_path / "d")
    assert status == 2 and str(tmp_path / "d") in err


def test_help_needs_no_torch():
    script = (
        "import sys; from reverie.cli import main; main(['data', 'make', 'sprites', '--help']); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0 and "--count" in done.stdout
