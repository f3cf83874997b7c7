"""`reverie data make pairs`: pairs are episodes of two frames, exact, repeatable, refused in one sentence."""

import numpy as np
import pytest

from reverie.cli import main
from reverie.core.errors import BrokeWhileWorking
from reverie.data.check import check_data
from reverie.data.store import open_data
from reverie.envs.make import WorldConfig, make_world
from reverie.verbs import pairs
from reverie.verbs.pairs import PairsJob, make_pairs


def test_pairs_are_made_and_are_whole(tmp_path):
    words = ["data", "make", "pairs", str(tmp_path / "d"), "--env", "LunarLander-v3", "--factor", "x"]
    assert main([*words, "--count", "5", "--size", "32", "--low", "-0.5", "--high", "0.5"]) == 0
    data = open_data(tmp_path / "d")
    assert check_data(data.path) == []
    assert [len(episode.frames) for episode in data] == [2] * 5
    assert data.manifest.source["made_in"]["env"] == "LunarLander-v3"
    for episode in data:
        assert np.flatnonzero(episode.factors[0] != episode.factors[1]).tolist() == [0]
        assert abs(episode.factors[1, 0]) <= 0.5


def test_the_same_seed_makes_the_same_pairs(tmp_path):
    for name, seed in {"one": 1, "two": 1, "three": 2}.items():
        job = PairsJob(env="LunarLander-v3", factor="angle", count=3, size=16, seed=seed)
        make_pairs(job, tmp_path / name)
    one, two, three = (open_data(tmp_path / name) for name in ("one", "two", "three"))
    assert one.fingerprint == two.fingerprint != three.fingerprint


def test_what_follows_from_a_byte_is_named_and_kept_on_request(tmp_path, monkeypatch):
    """Space Invaders copies where the gun is (byte 28) into byte 6 within the frame."""
    pytest.importorskip("ale_py")
    monkeypatch.setattr(pairs, "TRIES", 4)
    world = make_world("ALE/SpaceInvaders-v5", WorldConfig())
    world.close()
    gun = world.factors[28].name
    job = {"env": "ALE/SpaceInvaders-v5", "factor": gun, "count": 2, "low": 60.0, "high": 120.0}
    with pytest.raises(BrokeWhileWorking, match=rf"{gun} of ALE/SpaceInvaders-v5 never changed alone"):
        make_pairs(PairsJob(**job), tmp_path / "none")
    assert not (tmp_path / "none").exists()
    make_pairs(PairsJob(**job, followers=True), tmp_path / "some")
    for episode in open_data(tmp_path / "some"):
        assert {6, 28} <= set(np.flatnonzero(episode.factors[0] != episode.factors[1]).tolist())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--env", "CartPole-v1", "--factor", "angle"], "the state of CartPole-v1 cannot be set"),
        (["--env", "LunarLander-v3", "--factor", "z"], "unknown factor of LunarLander-v3 'z'"),
        (
            ["--env", "LunarLander-v3", "--factor", "x", "--low", "0"],
            "low 0 is given without high; give both",
        ),
        (
            ["--env", "LunarLander-v3", "--factor", "x", "--high", "1"],
            "high 1 is given without low; give both",
        ),
        (["--env", "LunarLander-v3", "--factor", "x", "--count", "0"], "'count' must be positive"),
        (["--env", "LunarLander-v3"], "needs --factor"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(tmp_path, capsys, words, sentence):
    assert main(["data", "make", "pairs", str(tmp_path / "d"), *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1
    assert not (tmp_path / "d").exists()
