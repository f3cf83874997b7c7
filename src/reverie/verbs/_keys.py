"""Keys: what a person presses, as actions of an environment."""

import re
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from reverie.core.world import ActionSpace

PLACES = "1234567890asdfghjkl"
"""Keys of discrete actions, in their order."""
ARROWS = ("left", "right", "up", "down")
RESTING = {"none", "noop", "nothing"}
NOTCHES = 4
"""Presses that move a number from the middle of its range to an end of it."""


class Keys(ABC):
    """What the keys of one action space do."""

    resting: Any
    """The action before any key is pressed."""

    @abstractmethod
    def pressed(self, key: str, action: Any) -> Any:
        """The action after a key; None for a key that is none of these."""

    @abstractmethod
    def words(self, action: Any) -> str:
        """An action as people say it."""

    @abstractmethod
    def help(self) -> str:
        """Which key does what, on a line."""


def keys_of(space: ActionSpace) -> Keys:
    """The keys of an action space."""
    return ActionKeys(space) if space.count is not None else NumberKeys(space)


class ActionKeys(Keys):
    """A key for each discrete action; arrows where actions are called so."""

    def __init__(self, space: ActionSpace) -> None:
        assert space.count is not None
        self._names = space.names or tuple(f"action {number}" for number in range(space.count))
        self._keys = {key: number for number, key in enumerate(PLACES[: space.count])}
        self._keys |= {arrow: self._names.index(name) for arrow, name in _arrows(self._names)}
        self.resting = next((place for place, name in enumerate(self._names) if name in RESTING), 0)

    def pressed(self, key: str, action: Any) -> Any:
        """The action of the key."""
        return self._keys.get(key)

    def words(self, action: Any) -> str:
        """Its name."""
        return self._names[int(action)]

    def help(self) -> str:
        """Every key with its action."""
        arrows = [key for key in self._keys if key in ARROWS]
        plain = [f"{key} {self._names[number]}" for key, number in self._keys.items() if key not in ARROWS]
        return "  ".join(plain) + (f"  (or arrows: {', '.join(arrows)})" if arrows else "")


class NumberKeys(Keys):
    """Arrows move two neighbouring numbers of a box; digits say which."""

    def __init__(self, space: ActionSpace) -> None:
        assert space.low is not None and space.high is not None
        self._shape = space.low.shape
        self._low, self._high = space.low.ravel(), space.high.ravel()
        self._first = 0
        middle = np.clip(np.zeros_like(self._low), self._low, self._high)
        self.resting = middle.reshape(self._shape)

    def pressed(self, key: str, action: Any) -> Any:
        """Every number a notch up or down, or back to where it rests."""
        if key == "0":
            return self.resting.copy()
        if key.isdigit() and 1 <= int(key) <= len(self._low):
            self._first = int(key) - 1
            return action
        if key not in ARROWS:
            return None
        place = self._first + (key in ("up", "down"))
        if place >= len(self._low):
            return action
        numbers = np.array(action, dtype=np.float32).ravel()
        span = min(float(self._high[place] - self._low[place]), 2.0)
        notch = span / (2 * NOTCHES) * (1 if key in ("right", "up") else -1)
        numbers[place] = np.clip(numbers[place] + notch, self._low[place], self._high[place])
        return numbers.reshape(self._shape)

    def words(self, action: Any) -> str:
        """The numbers."""
        return "  ".join(f"{number:+.2f}" for number in np.ravel(action))

    def help(self) -> str:
        """What the arrows move now."""
        first, count = self._first + 1, len(self._low)
        second = f"  up/down number {first + 1}" if first < count else ""
        others = f"  1-{min(count, 9)} other numbers" if count > 1 else ""
        return f"left/right number {first}{second}{others}  0 rest"


def _arrows(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """For each arrow the first of the shortest names in which its word stands."""
    found = []
    for arrow in ARROWS:
        named = [name for name in names if arrow in re.split(r"[^a-z]+", name.lower())]
        if named:
            found.append((arrow, min(named, key=len)))
    return found
