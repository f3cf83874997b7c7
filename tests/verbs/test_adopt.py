"""Encoders from elsewhere sit the same exam: from memory, a file, a feature network, an agent."""

import json
import shutil
import sys

import gymnasium
import numpy as np
import pytest
import torch
from torch import nn

import reverie
from reverie.cli import main
from reverie.core.errors import WrongInput


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("adopt")
    for name, seed in (("data", 1), ("test", 2)):
        reverie.capture("CartPole-v1", place / name, episodes=6, size=64, seed=seed, max_steps=12)
    reverie.fit("dense-ae", data=place / "data", run=place / "own", code_size=4, epochs=1, threads=1)
    return place


def scores(result, run):
    [found] = [one for one in result["runs"] if one["run"] == run]
    return [row["scores"] for row in found["rows"] if row["subject"] == "run"]


def test_the_own_encoder_as_a_stranger_scores_the_same(place, tmp_path):
    """A run and its encoder, adopted from memory and from an ONNX file, know exactly the same."""
    pytest.importorskip("onnxruntime")
    own, data = reverie.load(place / "own"), [place / "data", place / "test"]
    reverie.adopt(lambda frames: own.encode(frames).mean, tmp_path / "memory", data, name="a stranger")
    reverie.export(place / "own", tmp_path / "own.onnx")
    reverie.adopt(tmp_path / "own.onnx", tmp_path / "file", data)
    runs = [place / "own", tmp_path / "memory", tmp_path / "file"]
    result = reverie.probe(runs, data=place / "data", test=place / "test", probe="ridge")
    expected, memory, file = (scores(result, name) for name in ("own", "memory", "file"))
    assert memory == expected
    for one, other in zip(file[0], expected[0], strict=True):
        assert one["r2"] == pytest.approx(other["r2"], abs=1e-3)
    [stranger] = [one for one in result["runs"] if one["run"] == "memory"]
    assert {row["subject"] for row in stranger["rows"]} == {"run", "permuted", "mean", "pixels", "pca"}


def test_adopted_runs_are_looked_at_listed_and_reported(place, tmp_path, capsys):
    weights = torch.randn(3 * 64 * 64, 6, generator=torch.Generator().manual_seed(0))
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 6), nn.Dropout(0.5))
    with torch.no_grad():
        module[1].weight.copy_(weights.T)
    reverie.adopt(module, tmp_path / "mine", place / "data", name="random projection")
    assert module.training
    reverie.probe(tmp_path / "mine", data=place / "data", probe="ridge", baselines=False)
    assert [path.name for path in reverie.look(tmp_path / "mine")] == ["map.png"]
    page = reverie.report(tmp_path / "mine").read_text()
    assert "random projection" in page and "reverie.adopt(..." in page
    assert main(["runs", str(tmp_path)]) == 0
    assert "random projection" in capsys.readouterr().out
    with pytest.raises(WrongInput, match="has no decoder"):
        reverie.look(tmp_path / "mine", lens=("traversal",))


def test_a_feature_network_is_adopted_from_the_command_line(place, tmp_path, capsys):
    """Means over a grid: 64 channels of conv1 (31 x 31 places for 64 x 64 pixels) in 2 x 2 parts."""
    words = ["adopt", "random-squeezenet@conv1", str(tmp_path / "net"), str(place / "data"), "--pool", "2"]
    assert main(words) == 0
    assert "256 units each" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "net")]) == 0
    assert "reverie adopt random-squeezenet@conv1" in (tmp_path / "net/report.html").read_text()


def test_what_an_agent_reads_can_be_probed(place, tmp_path):
    sb3 = pytest.importorskip("stable_baselines3")
    env = reverie.observe_frames(gymnasium.make("CartPole-v1", render_mode="rgb_array"), size=64)
    for kind, name in ((sb3.PPO, "ppo"), (sb3.DQN, "dqn")):
        options = {"buffer_size": 10} if name == "dqn" else {"n_steps": 64}
        agent = kind("CnnPolicy", env, device="cpu", seed=0, **options)
        encode = reverie.sb3_encoder(agent)
        reverie.adopt(encode, tmp_path / name, place / "data", name=name)
        frames = np.array(reverie.open_data(place / "data").pixels[:3])
        seen, _ = agent.policy.obs_to_tensor(frames.transpose(0, 3, 1, 2))
        if name == "ppo":
            expected = agent.policy.extract_features(seen)
        else:
            expected = agent.q_net.extract_features(seen, agent.q_net.features_extractor)
        torch.testing.assert_close(encode(torch.from_numpy(frames).permute(0, 3, 1, 2) / 255.0), expected)
        reverie.probe(tmp_path / name, data=place / "data", probe="ridge", baselines=False)
    vector = sb3.PPO("MlpPolicy", gymnasium.make("CartPole-v1"), device="cpu", n_steps=64)
    with pytest.raises(WrongInput, match="no images"):
        reverie.sb3_encoder(vector)


WRONG = {
    "adopt squeezenett@fire3 OUT DATA": "did you mean 'squeezenet'?",
    "adopt random-squeezenet@fier3 OUT DATA": "did you mean 'fire3'?",
    "adopt nothing OUT DATA": "unknown encoder 'nothing'; give an ONNX file",
    "adopt NOWHERE.onnx OUT DATA": "no ONNX file at",
    "adopt JUNK OUT DATA": "is no ONNX model",
    "adopt random-squeezenet@conv1 OUT NOWHERE": "NOWHERE",
    "adopt random-squeezenet@conv1 OWN DATA": "exists and is not empty",
    "adopt random-squeezenet@conv1 OUT DATA --pool 0": "'pool' must be positive, got 0",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_input_is_one_sentence_and_leaves_nothing(command, place, tmp_path, capsys):
    (tmp_path / "junk.onnx").write_bytes(b"\x08\x07 no model")
    names = {
        "DATA": place / "data",
        "OWN": place / "own",
        "OUT": tmp_path / "out",
        "JUNK": tmp_path / "junk.onnx",
    }
    words = [str(names.get(word, word)) for word in command.split()]
    assert main(words) == 2
    said = capsys.readouterr().err.strip()
    assert WRONG[command] in said and "\n" not in said and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("encode", "sentence"),
    [
        (lambda frames: frames.mean(), r"made \(\) of 1 frames; it must give a code for each"),
        (lambda frames: frames.flatten(1)[:, :3] / 0, "are not all numbers"),
        (lambda frames: frames.flatten(1).mean(0, keepdim=True), r"made \(1, 12288\) of 64 frames"),
    ],
)
def test_an_encoder_that_gives_no_codes_is_refused(encode, sentence, place, tmp_path):
    with pytest.raises(WrongInput, match=sentence):
        reverie.adopt(encode, tmp_path / "out", place / "data", name="odd")
    assert not (tmp_path / "out").exists()


def test_recordings_that_were_not_encoded_and_altered_codes_are_named(place, tmp_path):
    reverie.adopt(lambda frames: frames.mean((2, 3)), tmp_path / "mine", place / "data", name="means")
    with pytest.raises(WrongInput, match=r"has no codes of .*test; adopt the encoder anew"):
        reverie.probe(tmp_path / "mine", data=place / "data", test=place / "test", probe="ridge")
    [file] = (tmp_path / "mine/codes").iterdir()
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(WrongInput, match="altered or truncated"):
        reverie.probe(tmp_path / "mine", data=place / "data", probe="ridge")
    shutil.rmtree(tmp_path / "mine/codes")
    with pytest.raises(WrongInput, match="has no codes of"):
        reverie.look(tmp_path / "mine")
    job = json.loads((tmp_path / "mine/job.json").read_text())
    del job["job"]["data"]
    (tmp_path / "mine/job.json").write_text(json.dumps(job))
    for ask in (reverie.look, reverie.report):
        with pytest.raises(WrongInput, match="mine"):
            ask(tmp_path / "mine")


def test_an_onnx_file_that_points_elsewhere_or_takes_other_frames_is_refused(place, tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx")
    reverie.export(place / "own", tmp_path / "own.onnx")
    reverie.capture("CartPole-v1", tmp_path / "small", episodes=1, size=16, max_steps=4)
    with pytest.raises(WrongInput, match=r"own.onnx takes other frames than those of shape \(1, 3, 16, 16\)"):
        reverie.adopt(tmp_path / "own.onnx", tmp_path / "out", tmp_path / "small")
    model = onnx.load(tmp_path / "own.onnx")
    weights = model.graph.initializer[0]
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../etc/passwd")
    (tmp_path / "odd.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(WrongInput, match="keeps weights in other files"):
        reverie.adopt(tmp_path / "odd.onnx", tmp_path / "out", place / "data")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WrongInput, match=r"pip install 'reverie-worlds\[onnx\]'"):
        reverie.adopt(tmp_path / "own.onnx", tmp_path / "out", place / "data")
