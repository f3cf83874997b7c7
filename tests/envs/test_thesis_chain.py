"""The frames of Atari: pairs that lose no bullet, exact luminance, sizes."""

import numpy as np
import pytest
from PIL import Image

from reverie.agents.held import HeldConfig
from reverie.core.seeds import numpy_generator
from reverie.engine.rollout import Cut, record
from reverie.envs.camera import Camera
from reverie.envs.make import WorldConfig, make_world

GAME = "ALE/SpaceInvaders-v5"
STILL = {"frameskip": 1, "repeat_action_probability": 0.0, "noops": 0}
PAIRS = 900
BULLET = (142, 142, 142)


def play(actions, **config):
    """Frames and truth of one game under given actions."""

    class Given:
        def act(self, observation, hidden, generator):
            step = hidden or 0
            return actions[step], step + 1

    world = make_world(GAME, WorldConfig(**{"size": 0, "options": STILL, **config}))
    return record(world, Given(), numpy_generator(2), Cut(max_steps=len(actions)))


@pytest.fixture(scope="module")
def actions():
    generator, hidden, taken = numpy_generator(5), None, []
    policy = HeldConfig().build(make_world(GAME, WorldConfig()).action_space)
    for _ in range(PAIRS):
        action, hidden = policy.act(None, hidden, generator)
        taken.append(action)
    return taken


@pytest.fixture(scope="module")
def single(actions):
    return play(np.repeat(actions, 2))


@pytest.fixture(scope="module")
def pooled(actions):
    return play(actions, frame_skip=2, max_pool=True)


def bullets(frames):
    return (frames == np.array(BULLET)).all(-1)


def flips(mask):
    """How often bullets appear or vanish from frame to frame, and how often for one frame only."""
    there = mask.any((1, 2))
    gaps = there[:-2] & ~there[1:-1] & there[2:]
    return np.mean(there[1:] != there[:-1]), np.mean(gaps)


def test_a_frame_is_the_maximum_of_its_pair_and_truth_is_the_seconds(single, pooled):
    pairs = np.maximum(single.frames[1::2], single.frames[2::2])
    kept = len(pooled) + 1
    assert kept == min(PAIRS, len(pairs)) + 1 > 500
    assert np.array_equal(pooled.frames[0], single.frames[0])
    assert np.array_equal(pooled.frames[1:], pairs[: kept - 1])
    assert np.array_equal(pooled.factors[1:], single.factors[2::2][: kept - 1])
    assert np.allclose(pooled.rewards.sum(), single.rewards.sum())


def test_no_bullet_of_a_pair_is_lost(single, pooled):
    both = bullets(single.frames[1::2]) | bullets(single.frames[2::2])
    # Where a bullet flies over something brighter, the brighter stays.
    over = both & ~bullets(pooled.frames[1:])
    assert both.sum() > 5000
    assert (pooled.frames[1:][over].astype(int) >= 142).all() and over.mean() < 1e-5


def test_bullets_flicker_no_more(single, pooled):
    before, gaps_before = flips(bullets(single.frames))
    after, gaps_after = flips(bullets(pooled.frames))
    assert before > 0.05 and gaps_before > 0.02
    assert after <= 0.1 * before and gaps_after == 0


def test_an_episode_that_ends_within_a_pair_shows_its_own_last_frames():
    """The maximum is of the last two steps, also when death comes on the first of a pair."""
    plain = play(np.zeros(5000, dtype=int))
    pairs = play(np.zeros(2500, dtype=int), frame_skip=2, max_pool=True)
    assert plain.ending == pairs.ending == "terminated"
    assert np.array_equal(pairs.frames[-1], np.maximum(plain.frames[-2], plain.frames[-1]))
    odd = play(np.zeros(2500, dtype=int), frame_skip=3 if len(plain) % 3 else 4, max_pool=True)
    assert len(plain) % (3 if len(plain) % 3 else 4)
    assert np.array_equal(odd.frames[-1], np.maximum(plain.frames[-2], plain.frames[-1]))


@pytest.mark.parametrize(("colour", "grey"), [((255, 0, 0), 54), ((0, 255, 0), 182), ((0, 0, 255), 18)])
def test_luminance_of_pure_colours(colour, grey):
    assert (Camera(size=0, grey=True).frame(np.full((4, 4, 3), colour, dtype=np.uint8)) == grey).all()


def test_luminance_is_rounded_bt709_of_any_colour():
    colours = numpy_generator(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    told = colours @ np.array([0.2126, 0.7152, 0.0722])
    assert np.abs(Camera(size=0, grey=True).frame(colours)[:, :, 0] - told).max() <= 0.501


def test_a_crop_keeps_the_playing_field_as_published(single):
    frame = single.frames[100]
    world = make_world(GAME, WorldConfig(size=84, crop=True, options=STILL))
    world.reset(numpy_generator(0))
    assert world.frame().shape == (84, 84, 3)
    scaled = np.asarray(Image.fromarray(frame).resize((84, 110), Image.Resampling.BOX))
    assert np.array_equal(Camera(size=84, crop=True, cut=18 / 26).frame(frame), scaled[18:102])
    wide = np.zeros((40, 80, 3), dtype=np.uint8)
    wide[:, 20:60] = 200
    assert (Camera(size=40, crop=True).frame(wide) == 200).all()


def test_a_stack_holds_the_last_frames_oldest_first(actions):
    plain = play(actions[:12], size=84, grey=True, frame_skip=2, max_pool=True)
    stacked = play(actions[:12], size=84, grey=True, frame_skip=2, max_pool=True, frame_stack=4)
    assert stacked.frames.shape == (13, 84, 84, 4)
    for step in range(13):
        for back in range(4):
            assert np.array_equal(
                stacked.frames[step, :, :, 3 - back], plain.frames[max(0, step - back), :, :, 0]
            )
    assert np.array_equal(stacked.factors, plain.factors)


def test_pngs_are_exact_and_jpegs_are_not(single, tmp_path):
    """Errors of JPEG lie around the sprites: 95 % of them within 8 pixels."""
    from scipy.ndimage import distance_transform_edt

    frame = single.frames[300]
    Image.fromarray(frame).save(tmp_path / "frame.png")
    Image.fromarray(frame).save(tmp_path / "frame.jpg", quality=75)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "frame.png")), frame)
    error = np.abs(np.asarray(Image.open(tmp_path / "frame.jpg")).astype(int) - frame).max(-1)
    border = np.zeros(frame.shape[:2], dtype=bool)
    border[:, 1:] |= (frame[:, 1:] != frame[:, :-1]).any(-1)
    border[1:] |= (frame[1:] != frame[:-1]).any(-1)
    assert error.max() > 50
    assert np.mean(distance_transform_edt(~border)[error > 5] <= 8) >= 0.95
