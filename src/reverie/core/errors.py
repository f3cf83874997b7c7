"""Errors that a person can act on: one sentence that names the thing, the value and the remedy."""

from collections.abc import Iterable
from difflib import get_close_matches


class WrongInput(ValueError):
    """Wrong use or input, refused before work starts; exit status 2."""


class BrokeWhileWorking(RuntimeError):
    """Something failed in the middle of work; what was done so far is kept; exit status 1."""


def unknown(kind: str, word: str, known: Iterable[str]) -> WrongInput:
    """The error for a word that is not among the known ones, with the nearest as a suggestion.

    `kind` reads as a noun phrase: "environment", "conv-vae field".
    """
    known = sorted(known)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return WrongInput(f"unknown {kind} {word!r}; did you mean {near[0]!r}?")
    if len(known) > 20:
        return WrongInput(f"unknown {kind} {word!r}; {len(known)} are known")
    return WrongInput(f"unknown {kind} {word!r}; known are {', '.join(known)}")
