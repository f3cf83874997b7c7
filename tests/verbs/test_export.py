"""A run's encoder elsewhere: as an ONNX file, as observations, and as features of Stable-Baselines3."""

import json
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch

import reverie
from reverie.cli import main
from reverie.core.errors import WrongInput


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("export")
    reverie.capture("CartPole-v1", place / "data", episodes=6, size=64, seed=1, max_steps=15)
    reverie.capture("CartPole-v1", place / "small", episodes=2, size=32, seed=1, max_steps=5)
    reverie.fit("conv-vae", data=place / "data", run=place / "vae", code_size=5, epochs=1, threads=1)
    reverie.fit("dense-ae", data=place / "small", run=place / "dense", code_size=3, epochs=1, threads=1)
    return place


@pytest.mark.parametrize("run", ["vae", "dense"])
def test_onnx_gives_the_codes_of_torch_for_any_batch(place, tmp_path, run):
    """Read by ONNX Runtime alone, by what its own metadata say."""
    runtime = pytest.importorskip("onnxruntime")
    reverie.export(place / run, tmp_path / "encoder.onnx")
    session = runtime.InferenceSession(str(tmp_path / "encoder.onnx"))
    told = session.get_modelmeta().custom_metadata_map
    shape = json.loads(told["frame_shape"])
    assert "[0, 1]" in told["input"] and json.loads(told["description"])["method"]
    for count in (1, 3, 17):
        frames = torch.rand(count, *shape, generator=torch.Generator().manual_seed(count))
        codes = reverie.load(place / run).encode(frames).mean.detach().numpy()
        found = session.run(["codes"], {"frames": frames.numpy()})[0]
        np.testing.assert_allclose(found, codes, atol=1e-5)


def test_wrong_places_and_a_missing_package_are_one_sentence(place, tmp_path, monkeypatch, capsys):
    (tmp_path / "there.onnx").write_bytes(b"")
    for words, sentence in [
        (("vae", "encoder.pt"), "an exported encoder is an ONNX file, got"),
        (("vae", "there.onnx"), "exists; choose another name"),
        (("nothing", "encoder.onnx"), "no run at"),
        (("data", "encoder.onnx"), "not by `reverie fit`"),
    ]:
        assert main(["export", str(place / words[0]), str(tmp_path / words[1])]) == 2
        said = capsys.readouterr().err
        assert sentence in said and said.count("\n") == 1
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[onnx\]'"):
        reverie.export(place / "vae", tmp_path / "encoder.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["there.onnx"]


def test_observed_frames_and_codes_are_those_of_recordings(place):
    """The same seed and actions as the recording's, through Gymnasium's own door."""
    from reverie.core.seeds import numpy_generator

    episode = reverie.open_data(place / "data")[0]
    env = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    env = reverie.observe_codes(env, place / "vae")
    seed = int(numpy_generator(1, "episode", 0).integers(2**31))
    seen = [env.reset(seed=seed)[0], *(env.step(action)[0] for action in episode.actions)]
    frames = torch.from_numpy(episode.frames).permute(0, 3, 1, 2) / 255.0
    codes = reverie.load(place / "vae").encode(frames).mean.detach().numpy()
    np.testing.assert_allclose(np.stack(seen), codes, atol=1e-6)
    assert all(env.observation_space.contains(code) for code in seen)


def test_an_environment_that_draws_nothing_is_refused(place):
    with pytest.raises(
        WrongInput, match=r'CartPole-v1 was made with render_mode None; make it with "rgb_array"'
    ):
        reverie.observe_frames(gymnasium.make("CartPole-v1"))


def test_ppo_learns_from_codes_as_observations(place):
    sb3 = pytest.importorskip("stable_baselines3")
    env = reverie.observe_codes(gymnasium.make("CartPole-v1", render_mode="rgb_array"), place / "vae")
    agent = sb3.PPO("MlpPolicy", env, n_steps=64, batch_size=32, n_epochs=2, seed=0, device="cpu")
    before = agent.policy.action_net.weight.detach().clone()
    agent.learn(192)
    assert agent.num_timesteps == 192 and not torch.equal(before, agent.policy.action_net.weight)


@pytest.mark.parametrize("learn", [False, True])
def test_ppo_learns_on_top_of_the_encoder_which_stays_unless_asked(place, learn):
    sb3 = pytest.importorskip("stable_baselines3")
    env = reverie.observe_frames(gymnasium.make("CartPole-v1", render_mode="rgb_array"), size=64)
    extractor = reverie.sb3_policy_kwargs(place / "vae", learn=learn)
    agent = sb3.PPO(
        "CnnPolicy", env, n_steps=64, batch_size=32, n_epochs=1, seed=0, device="cpu", policy_kwargs=extractor
    )
    frames = np.stack([env.reset(seed=1)[0]]).transpose(0, 3, 1, 2)
    features = agent.policy.extract_features(torch.as_tensor(frames)).detach()
    codes = reverie.load(place / "vae").encode(torch.as_tensor(frames) / 255.0).mean.detach()
    torch.testing.assert_close(features, codes)
    agent.learn(128 if learn else 192)
    after = agent.policy.extract_features(torch.as_tensor(frames)).detach()
    assert torch.equal(features, after) is not learn


def test_frames_of_another_size_and_no_library_are_one_sentence(place, monkeypatch):
    sb3 = pytest.importorskip("stable_baselines3")
    env = reverie.observe_frames(gymnasium.make("CartPole-v1", render_mode="rgb_array"), size=32)
    with pytest.raises(WrongInput, match=r"takes frames of shape \(3, 64, 64\), the environment observes"):
        sb3.PPO("CnnPolicy", env, device="cpu", policy_kwargs=reverie.sb3_policy_kwargs(place / "vae"))
    monkeypatch.setitem(sys.modules, "stable_baselines3.common.torch_layers", None)
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[sb3\]'"):
        reverie.sb3_policy_kwargs(Path(place / "vae"))
