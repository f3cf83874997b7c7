"""Interventions: set one thing in the state of a simulator, draw again, and see what alone that changes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from reverie.core.errors import WrongInput, unknown
from reverie.core.world import Factor
from reverie.envs.gymnasium_world import GymnasiumWorld
from reverie.envs.make import WorldConfig, make_world

MOST_STEPS = 60
"""Most random steps of an episode before it is intervened in."""


@dataclass(frozen=True)
class Pair:
    """Two frames of one world, before and after something in it was set."""

    frames: UInt8[np.ndarray, "2 height width channel"]
    truth: Float32[np.ndarray, "2 factor"]
    visible: Bool[np.ndarray, "2"]


class Intervention(ABC):
    """Sets one factor of a world."""

    def __init__(self, world: GymnasiumWorld, factor: int, between: tuple[float, float]) -> None:
        """`between` are the lowest and the highest value that are set, in the factor's unit."""
        self.world = world
        self._factor = factor
        self._between = between

    @abstractmethod
    def draw(self, generator: np.random.Generator) -> Pair:
        """A pair from a new episode after some random steps; all chance comes from the generator."""

    def _play(self, generator: np.random.Generator) -> None:
        """An episode up to some random step; begun anew where it ends before."""
        self.world.reset(generator)
        for _ in range(int(generator.integers(MOST_STEPS))):
            result = self.world.step(self.world.action_space.sample(generator))
            if result.terminated or result.truncated:
                self.world.reset(generator)

    def _see(self) -> tuple[Any, Any, bool]:
        return np.array(self.world.frame()), np.array(self.world.truth()), self.world.visible()


def intervention(env_id: str, size: int, factor: str, between: tuple[float, float] | None) -> Intervention:
    """What sets a factor of an environment, by its name, to values between two bounds.

    Without bounds values are those that LunarLander has above its ground, or any byte of an Atari game.
    Raises WrongInput for an environment whose state cannot be set, an unknown factor, one that follows from
    others, and bounds that are none.
    """
    name = env_id.rpartition(":")[2]
    lander = name.startswith("LunarLander")
    if not lander and not name.startswith("ALE/"):
        raise WrongInput(f"the state of {env_id} cannot be set; choose LunarLander-v3 or a game of ALE/")
    options = {} if lander else {"frameskip": 1, "repeat_action_probability": 0.0}
    world = make_world(env_id, WorldConfig(size=size, options=options))
    assert isinstance(world, GymnasiumWorld)
    names = [known.name for known in world.factors]
    if factor not in names:
        world.close()
        raise unknown(f"factor of {env_id}", factor, names)
    index = names.index(factor)
    if lander and factor not in RANGES:
        world.close()
        raise WrongInput(f"{factor} follows from where the lander is; set one of {', '.join(RANGES)}")
    low, high = between or (RANGES[factor] if lander else (0.0, 255.0))
    _check(world.factors[index], low, high, whole=not lander)
    return (LanderIntervention if lander else MemoryIntervention)(world, index, (low, high))


def _check(factor: Factor, low: float, high: float, whole: bool) -> None:
    fine = np.isfinite([low, high]).all() and low < high
    if whole:
        fine = fine and low >= 0 and high <= 255 and low == int(low) and high == int(high)
    if not fine:
        wanted = "whole numbers from 0 to 255" if whole else "two numbers"
        raise WrongInput(f"{factor.name} is set between {wanted}, the lower first; got {low:g} and {high:g}")


RANGES = {
    "x": (-0.9, 0.9), "y": (0.3, 1.3), "vx": (-1.0, 1.0), "vy": (-1.0, 0.5), "angle": (-0.8, 0.8),
    "angular_velocity": (-1.0, 1.0),
}  # fmt: skip
"""What can be set of LunarLander, and between which values when nothing else is asked for."""


class LanderIntervention(Intervention):
    """Moves, turns or pushes the lander with its legs; nothing else in the world is touched.

    No time passes between the two frames. The exhaust is cleared before the first, since drawing ages it.
    """

    def draw(self, generator: np.random.Generator) -> Pair:
        """A pair that differs in the chosen factor alone."""
        self._play(generator)
        lander = self.world._env.unwrapped
        lander._clean_particles(True)
        self.world.changed(_state(lander))
        before = self._see()
        _set(lander, self.world.factors[self._factor].name, generator.uniform(*self._between))
        self.world.changed(_state(lander))
        return _paired(before, self._see())


def _set(lander: Any, name: str, value: float) -> None:
    """Set a factor; the bodies of lander and legs move as one. Source: gymnasium, lunar_lander.py, step."""
    scale = _scales(lander)
    bodies = [lander.lander, *lander.legs]
    if name in ("vx", "vy", "angular_velocity"):
        _push(bodies, name, value / scale[name])
        return
    pivot = np.array(lander.lander.position, dtype=np.float64)
    target, turn = pivot.copy(), 0.0
    if name == "angle":
        turn = value - lander.lander.angle
    else:
        axis = "xy".index(name)
        target[axis] = value / scale[name] + scale[f"{name}_zero"]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for body in bodies:
        place = target + rotation @ (np.array(body.position, dtype=np.float64) - pivot)
        # The lander itself stays where it is to the last bit along the axes that are not asked for.
        body.transform = (tuple(map(float, place)), float(body.angle + turn))


def _push(bodies: list[Any], name: str, value: float) -> None:
    for body in bodies:
        if name == "angular_velocity":
            body.angularVelocity = value
        else:
            velocity = list(body.linearVelocity)
            velocity["xy".index(name[1])] = value
            body.linearVelocity = tuple(map(float, velocity))


def _scales(lander: Any) -> dict[str, float]:
    """Units of each factor in one of the physics. Source: gymnasium, lunar_lander.py, step."""
    from gymnasium.envs.box2d import lunar_lander as game

    width, height = game.VIEWPORT_W / game.SCALE / 2, game.VIEWPORT_H / game.SCALE / 2
    return {
        "x": 1.0 / width, "x_zero": width,
        "y": 1.0 / height, "y_zero": lander.helipad_y + game.LEG_DOWN / game.SCALE,
        "vx": width / game.FPS, "vy": height / game.FPS, "angular_velocity": 20.0 / game.FPS,
    }  # fmt: skip


def _state(lander: Any) -> Float32[np.ndarray, "8"]:
    """What the game would observe now."""
    scale, body = _scales(lander), lander.lander
    place, speed = body.position, body.linearVelocity
    contacts = [float(leg.ground_contact) for leg in lander.legs]
    return np.array(
        [
            (place.x - scale["x_zero"]) * scale["x"],
            (place.y - scale["y_zero"]) * scale["y"],
            speed.x * scale["vx"],
            speed.y * scale["vy"],
            body.angle,
            body.angularVelocity * scale["angular_velocity"],
            *contacts,
        ],
        dtype=np.float32,
    )


class MemoryIntervention(Intervention):
    """Sets one byte of an Atari console's memory.

    The console draws as time passes, so one frame is emulated without action in both branches, from the same
    saved state. What the game makes of the byte within that frame, it does by its own rules.
    """

    def draw(self, generator: np.random.Generator) -> Pair:
        """A pair of branches; the second may differ in bytes that the game derives from the chosen one."""
        self._play(generator)
        console = self.world._env.unwrapped
        state = console.ale.cloneSystemState()
        low, high = (int(bound) for bound in self._between)
        before = self._branch(console)
        console.ale.restoreSystemState(state)
        console.ale.setRAM(self._factor, int(generator.integers(low, high + 1)))
        return _paired(before, self._branch(console))

    def _branch(self, console: Any) -> tuple[Any, Any, bool]:
        console.ale.act(0)
        self.world.changed(console._get_obs())
        return self._see()


def _paired(before: tuple[Any, Any, bool], after: tuple[Any, Any, bool]) -> Pair:
    frames, truth, visible = (np.stack(both) for both in zip(before, after, strict=True))
    return Pair(frames, truth, visible)
