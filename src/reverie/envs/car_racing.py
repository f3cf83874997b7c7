"""CarRacing: a car on a road, seen from above; truth is its pose, motion, wheels and place on the road."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float32

from reverie.core.errors import WrongInput, unknown
from reverie.core.world import Factor
from reverie.envs.car_tracks import reset_on_envpool_track
from reverie.envs.game import Game, seeded_reset

WHEELS = ("front_left", "front_right", "rear_left", "rear_right")

FACTORS = (
    Factor("x", "m"),
    Factor("y", "m"),
    Factor("angle", "rad"),
    Factor("vx", "m/s"),
    Factor("vy", "m/s"),
    Factor("speed", "m/s"),
    Factor("angular_velocity", "rad/s"),
    Factor("offset", "m to the right of the middle of the road"),
    Factor("heading", "rad to the left of the road"),
    Factor("front_left_steering", "rad"),
    Factor("front_right_steering", "rad"),
    *(Factor(f"{wheel}_rotation", "rad, from 0 to 2 pi") for wheel in WHEELS),
    *(Factor(f"{wheel}_spin", "rad/s") for wheel in WHEELS),
)
"""The car is drawn in the middle: of its place, frames show what lies around (`offset`, `heading`)."""


TRACKS = {"gymnasium": seeded_reset, "envpool": reset_on_envpool_track}
"""Whose track an episode's seed stands for."""


def car_racing(options: dict[str, Any]) -> Game:
    """The game behind CarRacing-v3, which draws only what is looked at; takes `tracks` out of `options`."""
    tracks = options.pop("tracks", "gymnasium")
    if tracks not in TRACKS:
        raise unknown("tracks", str(tracks), TRACKS)
    if tracks == "envpool" and options.get("domain_randomize"):
        raise WrongInput("EnvPool's tracks have no random colours; leave out domain_randomize, or tracks")
    return Game(
        factors=FACTORS,
        begin=TRACKS[tracks],
        prepare=_draw_when_looked_at,
        observe=_observe,
        truth=_truth,
        packages=("Box2D", "pygame-ce", "pygame"),
        options={} if tracks == "gymnasium" else {"tracks": tracks},
    )


def _draw_when_looked_at(env: Any) -> None:
    # CarRacing draws an observation in every step, which takes nearly all of its time.
    car_racing = env.unwrapped

    def draw(mode: str) -> Any:
        if mode != "state_pixels":
            return type(car_racing)._render(car_racing, mode)
        car_racing.reward_in_sight = car_racing.reward
        return None

    car_racing._render = draw


def _observe(env: Any, observation: Any) -> Any:
    """The observation that the step would have drawn: it shows the reward before this step's costs."""
    car_racing = env.unwrapped
    reward = car_racing.reward
    car_racing.reward = car_racing.reward_in_sight
    try:
        return type(car_racing)._render(car_racing, "state_pixels")
    finally:
        car_racing.reward = reward


def _truth(env: Any, observation: Any) -> Float32[np.ndarray, " factor"]:
    car, track = env.unwrapped.car, env.unwrapped.track
    hull, wheels = car.hull, car.wheels
    (x, y), (vx, vy) = hull.position, hull.linearVelocity
    motion = (x, y, hull.angle, vx, vy, math.hypot(vx, vy), hull.angularVelocity)
    steering = (wheels[0].joint.angle, wheels[1].joint.angle)
    rotations = (wheel.phase % (2 * math.pi) for wheel in wheels)
    spins = (wheel.omega for wheel in wheels)
    return np.array([*motion, *_on_road(hull, track), *steering, *rotations, *spins], dtype=np.float32)


def _on_road(hull: Any, track: list[tuple[float, ...]]) -> tuple[float, float]:
    """How far right of the nearest piece of road's middle, and how far turned left from its direction."""
    pieces = np.array(track)
    away = np.array(hull.position) - pieces[:, 2:4]
    nearest = int(np.square(away).sum(1).argmin())
    beta = pieces[nearest, 1]
    offset = away[nearest] @ (math.cos(beta), math.sin(beta))
    return float(offset), math.remainder(hull.angle - beta, 2 * math.pi)
