"""The doctor tells the truth: of what works, and of what was broken on purpose."""

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import torch

from reverie.cli import main
from reverie.core import assets
from reverie.core.assets import Asset
from reverie.verbs import doctor as verb
from reverie.verbs import feature_network


def findings(result):
    return {finding["name"]: finding for finding in result["findings"]}


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What a doctor says who has nothing but an empty cache folder."""
    monkeypatch.delenv("REVERIE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return verb.doctor


def test_a_whole_installation_works_and_nothing_is_left_behind(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = told()
    assert result["works"] and result["findings"]
    assert {finding["state"] for finding in result["findings"]} <= {"fine", "absent"}
    assert torch.__version__ in findings(result)["torch"]["found"]
    assert "captured, fitted and probed" in findings(result)["self-test"]["found"]
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named_with_what_installs_it(told, monkeypatch):
    def without_ale(name):
        if name == "ale-py":
            raise verb._packages.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(verb._packages, "version", without_ale)
    atari = findings(told())["extra atari"]
    assert atari["state"] == "absent" and "ale-py is not installed" in atari["found"]
    assert atari["remedy"] == "pip install 'reverie-worlds[atari]'"


def test_a_package_that_is_too_old_is_broken(told, monkeypatch):
    monkeypatch.setattr(verb._packages, "version", lambda name: "0.1" if name == "zarr" else version(name))
    packages = findings(told())["packages"]
    assert packages["state"] == "broken" and "zarr is 0.1, wanted is >=" in packages["found"]


def test_weights_are_told_by_their_checksum(told, tmp_path, monkeypatch):
    content = b"weights"
    asset = Asset("perceptual/some.safetensors", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(assets, "declared", lambda: [asset])
    monkeypatch.setenv("REVERIE_DATA", str(tmp_path))
    assert findings(told())[asset.name]["state"] == "absent"
    (tmp_path / "perceptual").mkdir()
    (tmp_path / asset.name).write_bytes(content)
    assert findings(told())[asset.name]["state"] == "fine"
    (tmp_path / asset.name).write_bytes(content + b"!")
    result = told()
    assert findings(result)[asset.name]["state"] == "broken" and not result["works"]
    assert str(tmp_path / asset.name) in findings(result)[asset.name]["found"]


def test_every_asset_of_the_source_is_declared():
    found = {(asset.name, asset.sha256, asset.address) for asset in assets.declared()}
    for asset in (feature_network.CAFFE, feature_network.TORCHVISION):
        assert (asset.name, asset.sha256, asset.address) in found


def test_a_self_test_that_fails_is_a_finding(told, monkeypatch):
    def broken(*_):
        raise RuntimeError("no\nway")

    monkeypatch.setattr("reverie.verbs.fit.fit", broken)
    result = told()
    assert not result["works"]
    assert findings(result)["self-test"] | {"remedy": ""} == {
        "name": "self-test", "state": "broken", "found": "RuntimeError: no way", "remedy": "",
    }  # fmt: skip


def test_a_place_that_cannot_be_written_is_broken(told, monkeypatch):
    monkeypatch.setattr(verb, "_writable", lambda folder: False)
    result = told()
    assert findings(result)["folder cache"]["state"] == "broken"
    assert "XDG_CACHE_HOME" in findings(result)["folder cache"]["remedy"]


@pytest.mark.parametrize("broken", ["", "NOWHERE"])
def test_the_exit_status_tells_whether_it_works(broken, tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "REVERIE_DATA": str(tmp_path / broken)}
    command = [sys.executable, "-m", "reverie", "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    *lines, last = done.stdout.splitlines()
    assert done.returncode == (1 if broken else 0), done.stderr
    assert json.loads(last)["works"] == (not broken)
    assert (f"{tmp_path / broken} (named by REVERIE_DATA) is not a folder" in done.stdout) == bool(broken)
    assert any(line.startswith("broken") for line in lines) == bool(broken)


def test_it_knows_no_flags(capsys):
    assert main(["doctor", "--fast"]) == 2
    assert "unknown option '--fast'" in capsys.readouterr().err
