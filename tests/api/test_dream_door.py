"""Dreams of a run from Python: environments of others' making know what to do with them."""

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

import reverie
from reverie.cli import main
from reverie.core.errors import WrongInput


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("dreams")
    data, codes, run = (str(place / name) for name in ("data", "codes", "run"))
    reverie.capture("CartPole-v1", data, episodes=8, size=16, seed=1)
    reverie.fit("dense-ae", data=data, run=codes, code_size=4, hidden=(16,), epochs=1, threads=1, seed=3)
    model = ["model", "mdn-rnn", codes, data, run, "--hidden-size", "8", "--epochs", "1", "--threads", "1"]
    assert main([*model, "--window", "10", "--burn-in", "2"]) == 0
    return place / "run"


@pytest.mark.filterwarnings("ignore:.*infinity.*")
@pytest.mark.filterwarnings("ignore:.*spec.*")
def test_one_dream_is_an_environment(run):
    env = reverie.dream(run, temperature=1.15, max_steps=20, sight="zhc", starts=10, render_mode="rgb_array")
    assert env.observation_space.shape == (4 + 8 + 8,) and env.action_space.n == 2
    check_env(env)
    code = env.reset(seed=0)[0][:4]
    decoded = reverie.load(run.parent / "codes").decode(torch.from_numpy(code)[None])[0]
    expected = (decoded.clamp(0, 1) * 255).permute(1, 2, 0).detach().numpy()
    assert np.abs(env.render() - expected).max() <= 0.51


def test_many_dreams_are_a_vector_environment(run):
    one, many = (reverie.dream(run, count, max_steps=20, starts=10) for count in (None, 3))
    assert np.allclose(many.reset(seed=5)[0][2], one.reset(seed=7)[0])
    assert many.step(np.array([0, 1, 1]))[0].shape == (3, 4)
    assert many.metadata["autoreset_mode"].value == "NextStep"


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"temperature": 0.0}, "temperature must be above 0, got 0.0"),
        ({"temperatur": 1.0}, "unknown dream field 'temperatur'; did you mean 'temperature'"),
        ({"sight": "zch"}, "'zch'"),
        ({"starts": 0}, "'starts' must be positive, got 0"),
        ({"num_envs": 0}, "num_envs must be 1 or more, got 0"),
        (
            {"num_envs": 2, "autoreset_mode": "SameStp"},
            "unknown autoreset mode 'SameStp'; did you mean 'SameStep'",
        ),
        ({"render_mode": "human"}, "no render mode 'human'"),
    ],
)
def test_a_dream_that_cannot_be_is_refused_in_one_sentence(run, choices, words):
    with pytest.raises(WrongInput, match=words):
        reverie.dream(run, **choices)


def test_what_is_no_world_model_is_refused(run):
    with pytest.raises(WrongInput):
        reverie.dream(run.parent / "codes")
