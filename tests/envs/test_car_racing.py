"""CarRacing: the drawn car, road and instruments agree with the factors of the same instant."""

import gymnasium
import numpy as np
import pytest

from reverie.core.seeds import numpy_generator
from reverie.core.world import Policy
from reverie.engine.rollout import Cut, record
from reverie.envs.car_racing import FACTORS
from reverie.envs.make import WorldConfig, make_world

NUMBER = {factor.name: index for index, factor in enumerate(FACTORS)}
STEPS = 110
PATCH = 2000 / 6 / 20  # metres: the side of a patch of grass


class Driving(Policy):
    """Accelerates, and sways from one side to the other."""

    def act(self, observation, hidden, generator):
        step = hidden or 0
        return np.array([np.sin(step / 6), 0.8, 0.0], dtype=np.float32), step + 1


@pytest.fixture(scope="module")
def drive():
    world = make_world("CarRacing-v3", WorldConfig(size=0, frames="render"))
    return record(world, Driving(), numpy_generator(2, "episode", 0), Cut(max_steps=STEPS))


def factor(drive, name):
    return drive.factors[:, NUMBER[name]].astype(float)


def bar(drive, colour):
    """Extent of a coloured bar among the instruments: signed columns from its origin, and rows."""
    panel = drive.frames[:, 350:].astype(int)
    mask = (np.abs(panel - np.array(colour)).sum(-1) < 120) & (panel.max(-1) > 100)
    return mask.any(1).sum(1), mask.any(2).sum(1)


def test_the_frames_are_the_environments_own_observations():
    """Drawing late draws the same bytes as the environment does in its step, the reward included."""
    world = make_world("CarRacing-v3", WorldConfig(size=0))
    world.reset(numpy_generator(4))
    seed = int(numpy_generator(4).integers(2**31))
    env = gymnasium.make("CarRacing-v3")
    observation, _ = env.reset(seed=seed)
    assert np.array_equal(world.frame(), observation)
    for _ in range(60):
        world.step(np.array([0.1, 0.9, 0.0], dtype=np.float32))
        observation = env.step(np.array([0.1, 0.9, 0.0], dtype=np.float32))[0]
        assert np.array_equal(world.frame(), observation)


def errors_of_the_instruments(drive, lag):
    """Spread of drawn length against told value, in pixels: steering, turning."""
    rows = slice(2, STEPS - 2)
    told = slice(2 + lag, STEPS - 2 + lag)
    steering = bar(drive, (0, 255, 0))[0][rows] - 150 * np.abs(factor(drive, "front_left_steering"))[told]
    turning = bar(drive, (255, 0, 0))[0][rows] - 12 * np.abs(factor(drive, "angular_velocity"))[told]
    return np.std(steering), np.std(turning)


def test_instruments_show_steering_and_turning_of_the_same_frame(drive):
    aligned = errors_of_the_instruments(drive, 0)
    assert max(aligned) < 1.0
    for lag in (-1, 1):
        assert (np.array(errors_of_the_instruments(drive, lag)) > 1.5 * np.array(aligned)).all()


def grass_as_told(pose, time):
    """Where grass is dark or light, from the pose alone: the colours of rows and columns of the picture."""
    x, y, angle = pose
    zoom = 6 * (0.1 * max(1 - time, 0) + 2.7 * min(time, 1))  # of 1000 by 800 pixels, drawn on 600 by 400
    column, row = np.meshgrid(np.arange(600), np.arange(340))
    right, up = (column + 0.5) / 0.6 - 500, 800 - (row + 0.5) / 0.5 - 200
    east = x + (right * np.cos(angle) - up * np.sin(angle)) / zoom
    north = y + (right * np.sin(angle) + up * np.cos(angle)) / zoom
    return (np.floor(east / PATCH) % 2 == 0) & (np.floor(north / PATCH) % 2 == 0), (east, north)


def grass_wrong(drive, lag):
    """Share of grass pixels whose shade is not the one that the pose foretells."""
    wrong = []
    for step in range(60, STEPS - 2, 7):
        frame = drive.frames[step, :340].astype(int)
        pose = drive.factors[step + lag, :3].astype(float)
        light, _ = grass_as_told(pose, (step + 1) / 50)
        dark = np.abs(frame - (102, 204, 102)).sum(-1) < 8
        bright = np.abs(frame - (102, 230, 102)).sum(-1) < 8
        wrong.append(((dark & light) | (bright & ~light)).sum() / (dark | bright).sum())
    return np.mean(wrong)


def test_the_meadow_lies_where_the_pose_of_the_same_frame_says(drive):
    assert grass_wrong(drive, 0) < 0.01
    assert min(grass_wrong(drive, -1), grass_wrong(drive, 1)) > 2 * grass_wrong(drive, 0)


def test_velocities_are_differences_of_places(drive):
    # Velocity is that of the centre of mass, which circles about the place when the car turns.
    for place, velocity, tolerance in (
        ("x", "vx", 1.0),
        ("y", "vy", 1.0),
        ("angle", "angular_velocity", 0.02),
    ):
        moved = np.diff(factor(drive, place)) * 50
        assert np.abs(moved - factor(drive, velocity)[1:]).max() < tolerance
    speed = np.hypot(factor(drive, "vx"), factor(drive, "vy"))
    assert np.allclose(speed, factor(drive, "speed"), atol=1e-4) and speed.max() > 20


def test_wheels_turn_as_fast_as_they_say(drive):
    for wheel in ("front_left", "rear_right"):
        turned = np.diff(factor(drive, f"{wheel}_rotation"))
        missing = turned - factor(drive, f"{wheel}_spin")[1:] / 50
        # Friction slows the wheel after it has turned; whole turns cannot be seen.
        assert np.abs(np.angle(np.exp(1j * missing))).max() < 0.25
        rotation = factor(drive, f"{wheel}_rotation")
        assert rotation.min() >= 0 and rotation.max() <= 2 * np.pi


def test_the_middle_of_the_road_lies_where_offset_and_heading_say(drive):
    """The road's grey stretch, on the line across the road through the car, measured in the picture."""
    errors = []
    for step in range(50, STEPS - 2):
        offset, heading = (factor(drive, name)[step] for name in ("offset", "heading"))
        across = np.arange(-16, 16, 0.05)  # metres to the right of the car, across the road
        column = 300 + 0.6 * 16.2 * across * np.cos(heading)
        row = 300 + 0.5 * 16.2 * across * np.sin(heading)
        inside = (column >= 0) & (column < 600) & (row >= 0) & (row < 350)
        pixels = drive.frames[step, row[inside].astype(int), column[inside].astype(int)].astype(int)
        road = across[inside][pixels[:, 1] - pixels[:, 0] <= 60]
        if abs(len(road) * 0.05 - 2 * 40 / 6) < 0.5:  # both edges are there, and no second road
            errors.append(road.mean() + offset)
    assert len(errors) > 10 and np.abs(errors).max() < 0.5
