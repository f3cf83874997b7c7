"""Recorded: the recordings that a world model learns from, opened, checked, split and coded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput
from reverie.data.sequences import CodedEpisodes, coded_episodes, joined
from reverie.data.splits import split_episodes
from reverie.data.store import DataSet, open_data
from reverie.verbs.codes import beliefs, check_frames
from reverie.verbs.load import Adopted, Loaded


def open_recordings(places: Sequence[Path], subject: Loaded | Adopted) -> list[DataSet]:
    """The data sets in these folders; WrongInput where one has no steps, or does not fit the others."""
    found = [open_data(place) for place in places]
    for data in found:
        _check_steps(data)
        check_frames(subject, data)
        _check_alike(found[0], data)
    return found


def split_recordings(
    recordings: Sequence[DataSet],
    subject: Loaded | Adopted,
    validation: float,
    seed: int,
    *,
    console: Console = QUIET,
) -> tuple[CodedEpisodes, CodedEpisodes | None]:
    """Training and validation episodes of all recordings, with the beliefs about their codes.

    A share `validation` of the episodes of each recording is kept; None where none are.
    """
    training, kept = [], []
    for data in recordings:
        mean, deviation = beliefs(subject, data, console)
        chosen, held = kept_apart(data, validation, seed)
        training.append(coded_episodes(data, chosen, mean, deviation))
        if len(held):
            kept.append(coded_episodes(data, held, mean, deviation))
    return joined(training), joined(kept) if kept else None


def kept_apart(
    data: DataSet, validation: float, seed: int
) -> tuple[Int64[np.ndarray, " learnt"], Int64[np.ndarray, " held"]]:
    """The episodes of a recording that are learnt from, and a share `validation` that is not: maybe none."""
    share = validation if len(data) > 1 else 0.0
    chosen, held = split_episodes(len(data), (1 - share, share), seed)
    return chosen, held


def _check_steps(data: DataSet) -> None:
    stride = data.manifest.source.get("stride", 1)
    if stride != 1:
        raise WrongInput(
            f"{data.path} keeps one step in {stride}, so that actions are missing; capture with --stride 1"
        )
    if not any(entry.steps for entry in data.manifest.episodes):
        raise WrongInput(f"{data.path} has no steps to learn from: its episodes are single frames")


def _check_alike(first: DataSet, data: DataSet) -> None:
    one, other = first.manifest.action_space, data.manifest.action_space
    if one.count != other.count or (
        one.low is not None and one.low.shape != getattr(other.low, "shape", None)
    ):
        raise WrongInput(f"{data.path} has other actions than {first.path}; they show different environments")
