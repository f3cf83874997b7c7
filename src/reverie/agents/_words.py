"""From what a user types to a policy's config, and to the actions that it names."""

import re
from typing import Any

import numpy as np

from reverie.core.errors import WrongInput, unknown
from reverie.core.family import config_of, members
from reverie.core.world import ActionSpace, PolicyConfig

RESTING = ("none", "noop")
"""Names of actions that do nothing."""


def policy_of(words: str) -> PolicyConfig:
    """The config of a policy: "random", "held:1-60", "still:left", "periodic:left:130+right:130@65".

    The word before the first colon names the policy's file; the file reads the rest.
    Raises WrongInput for words that nobody knows.
    """
    word, _, rest = words.partition(":")
    known = members("agents", PolicyConfig.__name__)
    if word in members("agents") and word not in known:
        remedy = f"train it first: reverie train {word} WORLD_MODEL_RUN RUN"
        raise WrongInput(f"{word!r} does not act before it has learnt; {remedy}")
    if word not in known:
        raise unknown("policy", word, known)
    return config_of("agents", word, PolicyConfig).parse(rest)


def range_of(policy: str, words: str) -> dict[str, int]:
    """Fewest and most steps, as in 1-60; `policy` names who is told."""
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", words)
    if found is None:
        raise WrongInput(f"{policy} takes the fewest and the most steps, as in {policy}:1-60, got {words!r}")
    return {"shortest": int(found[1]), "longest": int(found[2])}


def action_of(space: ActionSpace, word: str) -> Any:
    """The action that a word stands for: its name or number; or, in a box, its numbers with commas between.

    Raises WrongInput for an action that the environment does not have.
    """
    if space.count is None:
        return _numbers(space, word)
    if word in space.names:
        return space.names.index(word)
    if not re.fullmatch(r"\d{1,9}", word):
        if space.names:
            raise unknown("action", word, space.names)
        raise WrongInput(f"unknown action {word!r}; the actions here have numbers, 0 to {space.count - 1}")
    if int(word) >= space.count:
        raise WrongInput(f"there is no action {word}; the actions here are 0 to {space.count - 1}")
    return int(word)


def rest_of(space: ActionSpace) -> Any:
    """The action that does nothing: the one called so, else the first; in a box, what is nearest to zero."""
    if space.count is None:
        assert space.low is not None and space.high is not None
        return np.clip(np.zeros_like(space.low), space.low, space.high)
    return next((space.names.index(name) for name in RESTING if name in space.names), 0)


def _numbers(space: ActionSpace, word: str) -> np.ndarray:
    assert space.low is not None and space.high is not None
    try:
        action = np.array([float(part) for part in word.split(",")], dtype=np.float32)
    except ValueError:
        raise WrongInput(
            f"an action here is {space.low.size} numbers with commas between, got {word!r}"
        ) from None
    if action.shape != space.low.shape:
        raise WrongInput(f"an action here has {space.low.size} numbers, got {action.size} in {word!r}")
    if not ((space.low <= action) & (action <= space.high)).all():
        bounds = f"{space.low.tolist()} and {space.high.tolist()}"
        raise WrongInput(f"the numbers of an action must lie between {bounds}, got {word!r}")
    return action
