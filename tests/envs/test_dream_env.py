"""A dream as an environment: Gymnasium's own checks, one against many, an agent that learns in it."""

import warnings

import numpy as np
import pytest
import torch
from dream_worlds import Constant, Line, starts
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace
from reverie.envs.dream import DreamConfig
from reverie.envs.dream_env import DreamEnv, DreamVectorEnv
from reverie.envs.dream_rows import Dreamland

BOX = ActionSpace(None, np.float32([-1, -1]), np.float32([1, 2]))


def land(world=None, actions=BOX, **choices):
    world = world or Line(deviation=0.5, end_logit=-3.0)
    return Dreamland(
        world_model=world, starts=starts(9, deviation=0.3), action_space=actions, **{"sight": "zh", **choices}
    )


def paint(codes):
    return codes.mean(1).sigmoid()[:, None, None, None].expand(-1, 3, 8, 8)


@pytest.mark.parametrize("sight", ["z", "zh", "zhc"])
@pytest.mark.parametrize("actions", [BOX, ActionSpace(2)])
def test_gymnasium_finds_nothing_wrong(sight, actions):
    with warnings.catch_warnings():
        # Codes have no bounds, and boxes of actions that are no cube are what the games have.
        warnings.filterwarnings("ignore", message=".*(infinity|symmetric and normalized|not symmetric).*")
        warnings.filterwarnings("ignore", message=".*spec.*")
        check_env(DreamEnv(land(actions=actions, sight=sight, decode=paint), render_mode="rgb_array"))


def test_an_episode_is_the_one_worked_by_hand():
    """From start 3: the reward is the sum of z plus ten times that of a, then z has moved by a."""
    env = DreamEnv(
        Dreamland(
            world_model=Line(),
            starts=starts(9),
            action_space=BOX,
            config=DreamConfig(max_steps=2),
            sight="zh",
        )
    )
    seen, _ = env.reset(seed=0, options={"start": 3})
    code, hidden = starts(9).mean[3].numpy(), starts(9).hidden[0][3].numpy()
    np.testing.assert_allclose(seen, [*code, *hidden])
    seen, reward, terminated, truncated, _ = env.step(np.float32([0.5, 7.0]))
    clipped = np.float32([0.5, 2.0])
    np.testing.assert_allclose(seen, [*(code + clipped), *(hidden + code + clipped)], rtol=1e-5, atol=1e-6)
    assert reward == pytest.approx(code.sum() + 25.0, abs=1e-5) and not terminated and not truncated
    _, reward, terminated, truncated, _ = env.step(np.float32([0, 0]))
    assert reward == pytest.approx(code.sum() + 2.5, abs=1e-5) and truncated and not terminated


def test_an_end_in_the_last_step_terminates():
    env = DreamEnv(land(Line(end_logit=1e4), config=DreamConfig(max_steps=1)))
    env.reset(seed=0)
    assert env.step(np.zeros(2))[2:4] == (True, False)


def test_a_seed_tells_every_episode():
    def walk(env):
        seen = [env.reset(seed=4)[0]]
        for _ in range(3):
            over = False
            while not over:
                observation, reward, terminated, truncated, _ = env.step(np.float32([0.1, -0.2]))
                seen += [observation, np.float32([reward])]
                over = terminated or truncated
            seen.append(env.reset()[0])
        return np.concatenate(seen)

    env = DreamEnv(land())
    first = walk(env)
    env.reset(seed=5)
    assert np.array_equal(first, walk(env)) and np.array_equal(first, walk(DreamEnv(land())))


def test_dreams_that_nobody_seeded_differ():
    assert not np.array_equal(DreamEnv(land()).reset()[0], DreamEnv(land()).reset()[0])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("actions", [BOX, ActionSpace(2)])
def test_many_dreams_are_gymnasiums_many_environments(mode, actions):
    choices = {"actions": actions, "config": DreamConfig(max_steps=70)}
    ours = DreamVectorEnv(land(**choices), 5, autoreset_mode=mode)
    theirs = SyncVectorEnv([lambda: DreamEnv(land(**choices))] * 5, autoreset_mode=mode)
    assert ours.metadata["autoreset_mode"] == theirs.metadata["autoreset_mode"]
    for space in ("action_space", "observation_space", "single_action_space", "single_observation_space"):
        assert getattr(ours, space) == getattr(theirs, space)
    np.testing.assert_allclose(ours.reset(seed=11)[0], theirs.reset(seed=11)[0])
    ours.action_space.seed(0)
    ends = cuts = 0
    for _ in range(250):
        action = ours.action_space.sample()
        (seen, *numbers, infos), (wanted, *known, told) = ours.step(action), theirs.step(action)
        np.testing.assert_allclose(seen, wanted, rtol=1e-5, atol=1e-5)
        assert seen.dtype == wanted.dtype
        for number, expected in zip(numbers, known, strict=True):
            np.testing.assert_allclose(number, expected, rtol=1e-5, atol=1e-5)
            assert number.dtype == expected.dtype
        assert infos.keys() == told.keys()
        if "final_obs" in told:
            assert np.array_equal(infos["_final_obs"], told["_final_obs"])
            for last, expected in zip(infos["final_obs"], told["final_obs"], strict=True):
                assert (last is None) == (expected is None)
                assert last is None or np.allclose(last, expected, rtol=1e-5, atol=1e-5)
        ends, cuts = ends + numbers[1].sum(), cuts + numbers[2].sum()
    assert ends > 20 and cuts > 0


def test_dreams_that_do_not_reset_themselves_are_reset_with_a_mask():
    ours = DreamVectorEnv(land(Line(end_logit=0.0)), 3, autoreset_mode=AutoresetMode.DISABLED)
    theirs = SyncVectorEnv(
        [lambda: DreamEnv(land(Line(end_logit=0.0)))] * 3, autoreset_mode=AutoresetMode.DISABLED
    )
    np.testing.assert_allclose(ours.reset(seed=1)[0], theirs.reset(seed=1)[0])
    ended = np.zeros(3, bool)
    while not ended.any():
        (seen, _, ended, _, _), (wanted, *_) = ours.step(np.zeros((3, 2))), theirs.step(np.zeros((3, 2)))
        np.testing.assert_allclose(seen, wanted)
    with pytest.raises(WrongInput, match="reset it"):
        ours.step(np.zeros((3, 2)))
    seen, wanted = (env.reset(options={"reset_mask": ended.copy()})[0] for env in (ours, theirs))
    np.testing.assert_allclose(seen, wanted)
    np.testing.assert_allclose(ours.step(np.ones((3, 2)))[0], theirs.step(np.ones((3, 2)))[0])


def test_what_was_seen_before_does_not_change_afterwards():
    env = DreamVectorEnv(land(Line(end_logit=0.0)), 4)
    seen, copies = [], []
    seen.append(env.reset(seed=0)[0])
    copies.append(seen[-1].copy())
    for _ in range(20):
        seen.append(env.step(np.zeros((4, 2)))[0])
        copies.append(seen[-1].copy())
    assert np.array_equal(seen, copies)


def test_an_agent_of_others_learns_in_a_dream():
    """The reward is ten times the sum of the action, so that PPO must learn to push."""
    sb3 = pytest.importorskip("stable_baselines3")
    world = Line(deviation=0.1, end_logit=-4.0)
    env = DreamEnv(
        Dreamland(
            world_model=world, starts=starts(9), action_space=BOX, config=DreamConfig(max_steps=20), sight="z"
        )
    )
    agent = sb3.PPO(
        "MlpPolicy", env, n_steps=256, batch_size=64, learning_rate=3e-3, gamma=0.5, seed=0, device="cpu"
    )
    seen = np.stack([env.reset(seed=seed)[0] for seed in range(20)])
    before = agent.predict(seen, deterministic=True)[0].sum(1).mean()
    agent.learn(2048)
    assert agent.predict(seen, deterministic=True)[0].sum(1).mean() > before + 1.0


def test_a_picture_is_drawn_only_where_there_is_a_decoder():
    env = DreamEnv(land(decode=paint), render_mode="rgb_array")
    code = env.reset(seed=0)[0][:2]
    picture = env.render()
    expected = 255 / (1 + np.exp(-code.mean()))
    assert picture.shape == (8, 8, 3) and picture.dtype == np.uint8
    assert np.abs(picture - expected).max() < 0.51
    many = DreamVectorEnv(land(decode=paint), 3, render_mode="rgb_array")
    many.reset(seed=0)
    assert len(many.render()) == 3 and np.array_equal(many.render()[0], picture)
    assert DreamEnv(land(decode=paint)).render() is None
    with pytest.raises(WrongInput, match="needs a decoder"):
        DreamEnv(land(), render_mode="rgb_array")
    with pytest.raises(WrongInput, match="no render mode 'human'"):
        DreamEnv(land(decode=paint), render_mode="human")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (np.float32([0, np.nan]), "finite numbers, got nan"),
        (np.float32([0, np.inf]), "finite numbers, got inf"),
        (np.float32([0, 0, 0]), "takes 2 numbers"),
        (np.float32(0), "takes 2 numbers"),
    ],
)
def test_actions_that_do_not_fit_are_refused(action, words):
    env = DreamEnv(land())
    env.reset(seed=0)
    with pytest.raises(WrongInput, match=words):
        env.step(action)


@pytest.mark.parametrize("action", [2, -1, 0.5, np.zeros(2, int)])
def test_choices_that_are_not_there_are_refused(action):
    env = DreamEnv(land(actions=ActionSpace(2)))
    env.reset(seed=0)
    with pytest.raises(WrongInput, match="whole numbers from 0 to 1"):
        env.step(action)


def test_steps_without_a_reset_and_worlds_that_do_not_fit_are_refused():
    with pytest.raises(WrongInput, match="reset it"):
        DreamEnv(land()).step(np.zeros(2))
    with pytest.raises(WrongInput, match="reset it"):
        DreamVectorEnv(land(), 2).step(np.zeros((2, 2)))
    with pytest.raises(WrongInput, match="these actions have 3 numbers, the world model takes 2"):
        land(actions=ActionSpace(3))
    with pytest.raises(WrongInput, match="got 0 starts"):
        Dreamland(world_model=Line(), starts=starts(0), action_space=BOX)
    with pytest.raises(WrongInput, match="there is no start 9; the starts are 0 to 8"):
        DreamEnv(land()).reset(seed=0, options={"start": 9})
    with pytest.raises(WrongInput, match="num_envs must be 1 or more, got 0"):
        DreamVectorEnv(land(), 0)
    with pytest.raises(WrongInput, match="a seed for each of 2 environments"):
        DreamVectorEnv(land(), 2).reset(seed=[1, 2, 3])


def test_the_raw_rollout_and_the_environment_dream_the_same():
    """Dream 0 of a seed is episode 0 of the environment at that seed, when it begins where that begins."""
    from reverie.envs.dream import dream

    world = Line(deviation=0.5, end_logit=-3.0)
    env = DreamEnv(land(world))
    for start in range(9):
        env.reset(seed=7, options={"start": start})
        total, steps, over = 0.0, 0, False
        while not over:
            _, reward, terminated, truncated, _ = env.step(np.float32([0.5, -0.5]))
            total, steps, over = total + reward, steps + 1, terminated or truncated
        begin = starts(9, deviation=0.3).at(torch.tensor([start]))
        found = dream(world, begin, Constant(torch.tensor([[0.5, -0.5]])), DreamConfig(), seed=7)
        assert found.lengths.item() == steps and found.returns.item() == pytest.approx(total, rel=1e-4)
