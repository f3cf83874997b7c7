"""Info, check and import as commands see them."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from reverie.core.errors import WrongInput
from reverie.verbs import data as verb
from reverie.verbs import exchange
from reverie.verbs.capture import CaptureJob, capture


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("info") / "data"
    capture(CaptureJob(env="CartPole-v1", episodes=5, size=16, stride=2, seed=3), place)
    return place


def test_info_tells_what_is_there_and_where_it_comes_from(folder):
    told = verb.info(folder)
    assert (told["env"], told["episodes"], told["seed"], told["stride"]) == ("CartPole-v1", 5, 3, 2)
    assert told["factors"] == ["position [m]", "velocity [m/s]", "angle [rad]", "angular_velocity [rad/s]"]
    assert told["source"]["world"]["versions"]["gymnasium"]
    assert told["frame_shape"] == [16, 16, 3]
    json.dumps(told)


def test_info_needs_no_torch(folder):
    script = (
        "import sys; from pathlib import Path; from reverie.verbs.data import info; info(Path(sys.argv[1])); "
    )
    script += "sys.exit('torch' in sys.modules or 'gymnasium' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script, str(folder)], check=False).returncode == 0


def test_check_finds_nothing_wrong_with_a_fresh_recording(folder):
    assert verb.check(folder) == []


def test_check_of_nothing_is_refused(tmp_path):
    with pytest.raises(WrongInput, match="no data set at"):
        verb.check(tmp_path)


def test_import_tells_what_it_made(tmp_path):
    for index in range(3):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(np.full((20, 30, 3), index, dtype=np.uint8)).save(tmp_path / f"in/{index}.png")
    told = exchange.import_data(tmp_path / "in", tmp_path / "data", size=8)
    assert (told["episodes"], told["frames"], told["frame_shape"]) == (1, 3, [8, 8, 3])
    assert verb.info(tmp_path / "data")["source"]["images"] == {".": ["0.png", "1.png", "2.png"]}
