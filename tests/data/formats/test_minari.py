"""Minari both ways: Minari opens ours, an environment replays it, and theirs come in without harm."""

import sys

import gymnasium
import numpy as np
import pytest
from PIL import Image

from reverie.core.console import Console
from reverie.core.errors import WrongInput
from reverie.data.store import open_data
from reverie.verbs.capture import CaptureJob, capture
from reverie.verbs.exchange import export_data, import_data

minari = pytest.importorskip("minari")
pytest.importorskip("h5py")


def small(picture, size):
    """What the camera does, by Pillow alone."""
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BOX))


def same(one, other):
    for left, right in zip(one, other, strict=True):
        for name in ("frames", "actions", "rewards", "factors", "visible"):
            np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
        assert left.ending == right.ending


def test_minari_opens_ours_with_every_number(folder, root):
    export_data(folder, root / "made-v0", "minari")
    found, data = minari.load_dataset("made-v0"), open_data(folder)
    assert found.total_episodes == len(data) == 9
    for theirs, ours in zip(found.iterate_episodes(), data, strict=True):
        np.testing.assert_array_equal(theirs.observations, ours.frames)
        np.testing.assert_array_equal(theirs.actions, ours.actions)
        np.testing.assert_array_equal(theirs.rewards, ours.rewards)
        np.testing.assert_array_equal(theirs.infos["speed"], ours.factors[:, 1])
        np.testing.assert_array_equal(theirs.infos["visible"], ours.visible)
        assert theirs.terminations[-1] == (ours.ending == "terminated") != theirs.truncations[-1]
        assert not theirs.terminations[:-1].any() and not theirs.truncations[:-1].any()
        assert found.observation_space.contains(theirs.observations[0])


def test_frames_large_enough_for_minaris_jpeg_are_not_packed_as_such(root, tmp_path):
    job = CaptureJob(env="LunarLander-v3", episodes=1, max_steps=3, size=64)
    capture(job, tmp_path / "data")
    export_data(tmp_path / "data", root / "lander-v0", "minari")
    theirs = minari.load_dataset("lander-v0")[0].observations
    np.testing.assert_array_equal(theirs, open_data(tmp_path / "data")[0].frames)


def test_what_goes_out_comes_in_the_same(folder, root, tmp_path):
    export_data(folder, root / "made-v0", "minari")
    import_data(root / "made-v0", tmp_path / "back")
    before, after = open_data(folder), open_data(tmp_path / "back")
    same(before, after)
    assert before.manifest.source == after.manifest.source and before.factors == after.factors


@pytest.mark.parametrize(
    "job",
    [
        CaptureJob(env="LunarLander-v3", episodes=3, max_steps=70, seed=5),
        CaptureJob(env="LunarLander-v3", episodes=2, max_steps=60, seed=6, policy="held",
                   options={"continuous": True}),
        CaptureJob(env="CartPole-v1", episodes=3, seed=7, policy="held", size=32),
    ],
    ids=["lander", "held-continuous", "held-pole"],
)  # fmt: skip
def test_an_environment_replays_the_actions_to_the_same_frames(job, root, tmp_path):
    """By Gymnasium and Minari alone: our camera only makes the drawn picture smaller."""
    capture(job, tmp_path / "data")
    export_data(tmp_path / "data", root / "replay-v0", "minari")
    found = minari.load_dataset("replay-v0")
    env = found.recover_environment(render_mode="rgb_array")
    about = found.storage.get_episode_metadata(range(job.episodes))
    for episode, told in zip(found.iterate_episodes(), about, strict=True):
        env.reset(seed=told["seed"])
        np.testing.assert_array_equal(small(env.render(), job.size), episode.observations[0])
        for step, action in enumerate(episode.actions):
            _, reward, terminated, truncated, _ = env.step(action)
            np.testing.assert_array_equal(small(env.render(), job.size), episode.observations[step + 1])
            assert np.float32(reward) == episode.rewards[step]
        assert terminated == episode.terminations[-1] and (terminated or episode.truncations[-1] >= truncated)
    env.close()


class Heard(Console):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"stride": 2}, "capture with --stride 1"), ({"scenes": 3}, "more than a seed"), ({}, None)],
)
def test_a_seed_is_only_given_where_it_replays(changes, reason, root, tmp_path):
    heard = Heard()
    job = CaptureJob(env="LunarLander-v3", episodes=1, max_steps=4, size=16, **changes)
    capture(job, tmp_path / "data")
    export_data(tmp_path / "data", root / "some-v0", "minari", heard)
    told = next(iter(minari.load_dataset("some-v0").storage.get_episode_metadata([0])))
    assert ("seed" in told) == (reason is None)
    assert (not heard.warnings) if reason is None else (reason in heard.warnings[0])


def test_a_factor_with_a_unit_keeps_it_and_an_image_set_has_no_replay(tmp_path, root):
    (tmp_path / "in").mkdir()
    for index in range(3):
        Image.fromarray(np.full((9, 9, 3), index, np.uint8)).save(tmp_path / f"in/{index}.png")
    import_data(tmp_path / "in", tmp_path / "data", size=9)
    export_data(tmp_path / "data", root / "images-v0", "minari")
    assert minari.load_dataset("images-v0")[0].observations.max() == 2


IMAGE = gymnasium.spaces.Box(0, 255, (40, 36, 3), np.uint8)
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 40, 36, 3), dtype=np.uint8)


def test_others_images_come_in_with_their_infos_as_factors(root, theirs, tmp_path):
    infos = {"speed": np.linspace(0, 1, 5), "place": np.ones((5, 2)), "words": ["a"] * 5}
    theirs(infos=infos, jpeg_encoding=False)
    told = import_data(root / "theirs-v0", tmp_path / "data")
    data = open_data(tmp_path / "data")
    assert told["factors"] == ["place_0 []", "place_1 []", "speed []"] and len(data) == 2
    np.testing.assert_array_equal(data[1].frames, PICTURES)
    assert data[0].actions.tolist() == [0, 1, 2, 0] and data[0].ending == "truncated"
    assert data.origin is None and data.manifest.source["minari"]["dataset_id"] == "theirs-v0"


def test_others_jpeg_images_come_in_as_minari_unpacks_them(root, theirs, tmp_path):
    packed = theirs()
    import_data(root / "theirs-v0", tmp_path / "data")
    np.testing.assert_array_equal(open_data(tmp_path / "data")[0].frames, packed[0].observations)


def test_one_image_among_several_observations_is_found(root, theirs, tmp_path):
    box = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    space = gymnasium.spaces.Dict({"image": IMAGE, "state": box})
    theirs(space, {"image": PICTURES, "state": np.full((5, 2), 0.25, np.float32)}, jpeg_encoding=False)
    import_data(root / "theirs-v0", tmp_path / "data", size=16)
    data = open_data(tmp_path / "data")
    assert data.factor_names == ("state_0", "state_1") and (data.truth == 0.25).all()
    assert data.frame_shape == (3, 16, 16)


def test_observations_without_an_image_are_refused(root, theirs, tmp_path):
    theirs(gymnasium.spaces.Box(-1, 1, (2,), np.float32), np.zeros((5, 2), np.float32))
    with pytest.raises(WrongInput, match="its observations are no images"):
        import_data(root / "theirs-v0", tmp_path / "data")


def test_wrong_names_and_a_missing_package_are_one_sentence(folder, root, theirs, tmp_path, monkeypatch):
    with pytest.raises(WrongInput, match="'made' is no name of a Minari data set; end it in -v0"):
        export_data(folder, root / "made", "minari")
    theirs()
    monkeypatch.setitem(sys.modules, "h5py", None)
    for attempt in (
        lambda: export_data(folder, root / "made-v0", "minari"),
        lambda: import_data(root / "theirs-v0", tmp_path / "back"),
    ):
        with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[minari\]'"):
            attempt()
    assert not (root / "made-v0").exists()


def test_episodes_of_one_frame_are_refused_before_any_work(root, tmp_path, monkeypatch):
    (tmp_path / "pictures" / "many").mkdir(parents=True)
    for name in ("one.png", "many/1.png", "many/2.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / "pictures" / name)
    import_data(tmp_path / "pictures", tmp_path / "data", 8)
    monkeypatch.setattr("reverie.verbs.exchange.whole_folder", None)  # nothing is begun
    sentence = r"has a single frame, as 1 of 2 have, and Minari needs a step at least; export to png instead"
    with pytest.raises(WrongInput, match=sentence):
        export_data(tmp_path / "data", root / "pictures-v0", "minari")
    assert not root.exists()
