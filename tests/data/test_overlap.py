"""Recordings that hold the same episodes are known by where they come from."""

import json

import pytest

from reverie.data.overlap import share_episodes
from reverie.data.store import open_data
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.exchange import import_data

JOB = {"env": "CartPole-v1", "episodes": 3, "size": 8}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    place = tmp_path_factory.mktemp("overlap") / "data"
    capture(CaptureJob(**JOB), place)
    return open_data(place)


def recorded(place, **changes):
    capture(CaptureJob(**{**JOB, **changes}), place)
    return open_data(place)


@pytest.mark.parametrize(
    "changes",
    [{"episodes": 2}, {"stride": 3}, {"max_steps": 5}, {"size": 16}],
    ids=lambda changes: next(iter(changes)),
)
def test_the_same_world_policy_and_seed_share_episodes(recording, tmp_path, changes):
    other = recorded(tmp_path / "data", **changes)
    assert other.fingerprint != recording.fingerprint
    assert (other[0].factors[0] == recording[0].factors[0]).all()
    assert share_episodes(recording, other) and share_episodes(other, recording)


@pytest.mark.parametrize("changes", [{"seed": 1}, {"policy": "held"}, {"env": "Acrobot-v1"}])
def test_another_seed_policy_or_world_shares_nothing(recording, tmp_path, changes):
    assert not share_episodes(recording, recorded(tmp_path / "data", **changes))


def test_where_a_recording_comes_from_is_plain_json(recording):
    assert json.loads(json.dumps(recording.origin)) == recording.origin
    assert (recording.origin["world"]["env"], recording.origin["seed"]) == ("CartPole-v1", 0)


def test_images_share_episodes_with_themselves_alone(recording, tmp_path):
    from PIL import Image

    for index in range(2):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (index, 0, 0)).save(tmp_path / "in" / "0.png")
        import_data(tmp_path / "in", tmp_path / str(index), size=8)
    one, other = (open_data(tmp_path / str(index)) for index in range(2))
    assert one.origin is None and share_episodes(one, one)
    assert not share_episodes(one, other) and not share_episodes(one, recording)
