"""Wander: each number of an action follows an Ornstein-Uhlenbeck process, so that motion builds up."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace, Policy, PolicyConfig

PEDALS = ((-1, 0, 0), (1, 1, 1))
"""Bounds of steering, gas and brake, as CarRacing has them."""
DRIVING = ("0~0.3", "0.2-0.6", "5%")
"""How a car wanders: it sways, gives some gas, and brakes now and then."""
NUMBER = r"(-?\d{1,9}(?:\.\d{1,9})?)"

KINDS = {"~": f"{NUMBER}~{NUMBER}", "-": f"{NUMBER}-{NUMBER}", "%": f"{NUMBER}%"}

Course = Callable[[float], float]
"""From a standard normal number to that of an action."""


@dataclass(frozen=True, kw_only=True)
class WanderConfig(PolicyConfig):
    """Actions of a box that wander; `wander:0~0.3,0.2-0.6,5%@7` tells the course of each number.

    0~0.3 sways about 0 with a standard deviation of 0.3, cut at the bounds; 0.2-0.6 is uniform between the
    two; 5% is on, the upper bound, in a twentieth of the steps, and else off, the lower one. After the @
    stand the steps after which a number has forgotten all but 1/e of where it was.
    Source: Uhlenbeck & Ornstein 1930; as exploration: Lillicrap et al. 2016.
    """

    courses: tuple[str, ...] = ()
    """One for each number of an action; if none is given, those of a car, or a sway about the middle."""
    steps: float = 7.0
    """Time constant of the process; the exploration that is cited pulls back by 0.15 a step."""

    def __post_init__(self) -> None:
        """Refuse courses that are none."""
        self.check_positive("steps")
        for text in self.courses:
            _read(text)

    @classmethod
    def parse(cls, rest: str) -> "WanderConfig":
        """Courses with commas between them, and the time constant after an @."""
        courses, at, steps = rest.partition("@")
        if at and not re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", steps):
            raise WrongInput(f"the time constant of wander is a number of steps, as in @7, got {steps!r}")
        told = {"steps": float(steps)} if at else {}
        return cls(courses=tuple(courses.split(",")) if courses else (), **told)

    def build(self, action_space: ActionSpace) -> Policy:
        """The policy for these actions; WrongInput for discrete ones, and for courses that leave the box."""
        if action_space.low is None or action_space.high is None:
            found = f"{action_space.count} discrete ones"
            raise WrongInput(f"wander is for actions made of numbers, not for {found}; choose held")
        bounds = list(zip(action_space.low.tolist(), action_space.high.tolist(), strict=True))
        texts = self.courses or _usual(bounds)
        if len(texts) != len(bounds):
            given = f"{len(texts)} courses: {','.join(texts)}"
            raise WrongInput(f"an action here has {len(bounds)} numbers, and wander got {given}")
        courses = [_course(text, *bound) for text, bound in zip(texts, bounds, strict=True)]
        return WanderPolicy(tuple(courses), math.exp(-1 / self.steps))


@dataclass(frozen=True)
class WanderPolicy:
    """One standard process for each number, each read in its own way; hidden is where they are."""

    courses: tuple[Course, ...]
    memory: float
    """Correlation of one step with the next."""

    def act(self, observation: Any, hidden: Any, generator: np.random.Generator) -> tuple[Any, Any]:
        """Where the processes have gone; an episode starts anywhere, as if they had always been going."""
        place = self._next(hidden, generator.standard_normal(len(self.courses)))
        told = [course(number) for course, number in zip(self.courses, place.tolist(), strict=True)]
        return np.array(told, dtype=np.float32), place

    def _next(self, place: Any, noise: np.ndarray) -> np.ndarray:
        if place is None:
            return noise
        # Exact for a step of any length, where Euler's would spread too far.
        return self.memory * place + math.sqrt(1 - self.memory**2) * noise


def _usual(bounds: list[tuple[float, float]]) -> tuple[str, ...]:
    low, high = zip(*bounds, strict=True)
    if (low, high) == PEDALS:
        return DRIVING
    return tuple(f"{(low + high) / 2:f}~{0.15 * (high - low):f}" for low, high in bounds)


def _read(text: str) -> tuple[str, tuple[float, ...]]:
    """The kind of a course, and its numbers."""
    for kind, pattern in KINDS.items():
        if found := re.fullmatch(pattern, text):
            numbers = tuple(map(float, found.groups()))
            if _sound(kind, *numbers):
                return kind, numbers
    raise WrongInput(
        "a course of wander is a middle and a deviation, as in 0~0.3, two bounds, as in 0.2-0.6, or a share "
        f"of the steps, as in 5%; got {text!r}"
    )


def _sound(kind: str, one: float, two: float = 0.0) -> bool:
    return {"~": two > 0, "-": one < two, "%": 0 < one < 100}[kind]


def _course(text: str, low: float, high: float) -> Course:
    kind, numbers = _read(text)
    if kind == "%":
        share = numbers[0] / 100
        return lambda place: high if _below(place) > 1 - share else low
    if not (low <= numbers[0] <= high and (kind == "~" or numbers[1] <= high)):
        raise WrongInput(f"the course {text} leaves the bounds {low:g} and {high:g} of its number")
    one, two = numbers
    if kind == "~":
        return lambda place: min(max(one + two * place, low), high)
    return lambda place: one + (two - one) * _below(place)


def _below(place: float) -> float:
    """Share of a standard normal population that lies below."""
    return 0.5 * math.erfc(-place / math.sqrt(2))
