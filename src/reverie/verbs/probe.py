"""Ask what frozen codes know: probe every factor of runs, beside baselines, on unseen episodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from reverie.core.config import Config
from reverie.core.console import QUIET, Console
from reverie.core.errors import WrongInput, unknown
from reverie.core.files import write_json
from reverie.core.seeds import numpy_generator
from reverie.core.world import Factor
from reverie.data.overlap import share_episodes
from reverie.data.store import DataSet, open_data
from reverie.metrics._exam import Exam, Reader, Truth
from reverie.ops import groups
from reverie.reports.table import compare, format_table
from reverie.verbs import _likelihood, _subjects
from reverie.verbs._subjects import Seats, Side
from reverie.verbs.load import Adopted, Loaded, load_subject

__all__ = ["ProbeJob", "format_table", "probe"]

READERS: dict[str, tuple[Reader, ...]] = {"ridge": ("ridge",), "mlp": ("mlp",), "both": ("ridge", "mlp")}
FEWEST_TO_FIT, FEWEST_TO_TEST = 20, 10
HELD_OUT = 0.3


@dataclass(frozen=True, kw_only=True)
class ProbeJob(Config):
    """What to probe, and with which recordings."""

    runs: tuple[Path, ...]
    """Runs to probe; several are ranked against each other."""
    data: Path
    """Recordings to fit the probes on, or, without `test`, to fit and to test them on."""
    test: Path | None = None
    """Recordings to test the probes on; without it, 30 % of the episodes of `data`."""
    factors: tuple[str, ...] = ()
    """Names of the factors to ask for; all that vary, if none is named."""
    probe: Literal["ridge", "mlp", "both"] = "both"
    """A linear reader, a network with one hidden layer of 64, or both."""
    baselines: bool = True
    """Rows of mean predictor, PCA, raw pixels and untrained encoder; --no-baselines leaves them out."""
    over_training: bool = True
    """Snapshots of a run's epochs are probed too (linear reader); --no-over-training leaves them out."""
    reference: str | None = None
    """Name of the run that the others are compared with; the best one, if not given."""
    likelihood: int = 0
    """Codes drawn for each test frame to bound its log-likelihood, for variational runs; 0 asks for none."""
    seed: int = 0
    """Seed of splits, networks and bootstrap samples."""

    def __post_init__(self) -> None:
        self.check_not_negative("seed", "likelihood")
        if not self.runs:
            raise WrongInput("name at least one run to probe")


def probe(job: ProbeJob, console: Console = QUIET) -> dict[str, Any]:
    """Probe the runs, write `probe.json` into each, and return the comparison.

    Only visible frames are read. Raises WrongInput for an unknown factor, recordings without factors or with
    frames of another size than a run's, fewer than 2 episodes, a reference that is not among the runs, and a
    run without the likelihood that is asked for.
    """
    loaded = [load_subject(run) for run in job.runs]
    _check_runs(job, loaded)
    if job.likelihood:
        _likelihood.check(loaded)
    sides = _sides(job)
    _check_frames(job, loaded, sides)
    exam, constant = _exam(job, sides)
    seats = Seats(exam, *sides, READERS[job.probe])
    test = sides[1].data
    warnings = [*_warnings(exam), *_elsewhere(loaded, test), *_seen_before(loaded, test)]
    for text in warnings:
        console.warn(text)
    about = _about(job, exam, sides) | {"constant": constant, "warnings": warnings}
    results = _results(job, seats, loaded, console)
    for one, result in zip(loaded, results, strict=True):
        result.update(about)
        if job.likelihood:
            result["log_likelihood"] = _likelihood.measure(one, sides[1], job.likelihood, job.seed)
        write_json(one.run.folder / "probe.json", result)
    return compare(results, job.reference)


def _results(
    job: ProbeJob, seats: Seats, loaded: Sequence[Loaded | Adopted], console: Console
) -> list[dict[str, Any]]:
    """What is particular to each run: its rows with the baselines, its curve, its description."""
    results, components = [], {}
    with console.track("probe", len(loaded) * (4 if job.baselines else 2) + job.baselines) as tracker:
        shared = []
        if job.baselines:
            shared = [seats.exam.mean_row(), *_subjects.pixel_rows(seats)]
            tracker.advance(note="raw pixels")
        for one in loaded:
            rows = _subjects.run_rows(seats, one)
            tracker.advance(note=one.run.name)
            if job.baselines:
                size = rows[0]["code_size"]
                rows += _subjects.untrained_rows(seats, one) if isinstance(one, Loaded) else []
                tracker.advance(note=f"{one.run.name}, untrained")
                components[size] = components.get(size) or _subjects.pca_rows(seats, size)
                tracker.advance(note="PCA")
            points = _subjects.curve(seats, one.run.folder) if job.over_training else []
            tracker.advance(note=f"{one.run.name} over training")
            rows += [*components.get(rows[0]["code_size"], []), *shared]
            results.append(
                {
                    "format": 1,
                    "run": one.run.name,
                    "description": one.description,
                    "rows": rows,
                    "over_training": points,
                }
            )
    return results


def _sides(job: ProbeJob) -> tuple[Side, Side]:
    """Fitting and testing frames: two recordings, or whole episodes of one."""
    data = open_data(job.data)
    if job.test is not None:
        test = open_data(job.test)
        if test.fingerprint == data.fingerprint:
            raise WrongInput(
                f"{job.data} and {job.test} hold the same frames; leave --test out to split them"
            )
        if share_episodes(data, test):
            raise WrongInput(
                f"{job.data} and {job.test} share episodes: one world, policy and seed; capture the test "
                "with another --seed"
            )
        return Side(data, _visible(job.data, data, 1)), Side(test, _visible(job.test, test, 1))
    rows = _visible(job.data, data, 2)
    generator = numpy_generator(job.seed, "probe", "split")
    held = groups.split(data.episode_of[rows], HELD_OUT, generator)
    return Side(data, rows[~held]), Side(data, rows[held])


def _visible(path: Path, data: DataSet, fewest: int) -> np.ndarray:
    rows = np.flatnonzero(data.visible)
    episodes = len(np.unique(data.episode_of[rows]))
    if episodes < fewest:
        raise WrongInput(
            f"{path} has {episodes} episode{'s' if episodes != 1 else ''} with visible frames, the probe "
            f"needs {fewest}; capture more with --episodes"
        )
    return rows


def _exam(job: ProbeJob, sides: tuple[Side, Side]) -> tuple[Exam, list[str]]:
    """The exam on the asked factors, and the names of those left out because they do not vary."""
    fit, test = sides
    if not fit.data.factors:
        raise WrongInput(f"{job.data} tells no factors, so there is nothing to probe; look and report work")
    if fit.data.factors != test.data.factors:
        raise WrongInput(f"{job.data} and {job.test} know different factors; capture both in one environment")
    names = [factor.name for factor in fit.data.factors]
    for name in job.factors:
        if name not in names:
            raise unknown(f"factor of {job.data}", name, names)
    asked = [names.index(name) for name in job.factors or names]
    truths = [side.data.truth[side.rows] for side in sides]
    for truth in truths:
        if not np.isfinite(truth[:, asked]).all():
            raise WrongInput(f"{job.data}: some factors are not numbers; name the ones to ask for: --factors")
    varies = [all(_varies(truth[:, column]) for truth in truths) for column in asked]
    kept = [column for column, keep in zip(asked, varies, strict=True) if keep]
    if not kept:
        raise WrongInput(f"every factor asked for is constant in {job.data}; there is nothing to read")
    factors = tuple(Factor(names[column], fit.data.factors[column].unit) for column in kept)
    learn, asked_for = (
        Truth(truth[:, kept], side.data.episode_of[side.rows])
        for truth, side in zip(truths, sides, strict=True)
    )
    return Exam(factors, learn, asked_for, job.seed), [
        names[column] for column in asked if column not in kept
    ]


def _varies(values: np.ndarray) -> bool:
    return float(np.ptp(values)) > 1e-6 * max(1.0, float(np.abs(values).max()))


def _check_runs(job: ProbeJob, loaded: Sequence[Loaded | Adopted]) -> None:
    names = [one.run.name for one in loaded]
    if len(set(names)) < len(names):
        raise WrongInput(f"two runs have the same name ({', '.join(names)}); rename the folder of one")
    if job.reference is not None and job.reference not in names:
        raise unknown("reference run", job.reference, names)


def _check_frames(job: ProbeJob, loaded: Sequence[Loaded | Adopted], sides: tuple[Side, Side]) -> None:
    paths = job.data, job.test or job.data
    for one in loaded:
        for path, side in zip(paths, sides, strict=True):
            if tuple(side.data.frame_shape) != tuple(one.frame_shape):
                wanted, found = _size(one.frame_shape), _size(side.data.frame_shape)
                raise WrongInput(
                    f"{one.run.folder} takes {wanted} frames, {path} has {found}; "
                    f"capture with --size {one.frame_shape[-1]}"
                )


def _size(shape: Sequence[int]) -> str:
    channels, height, width = shape
    return f"{height}x{width}" if channels == 3 else f"{height}x{width}x{channels}"


def _warnings(exam: Exam) -> list[str]:
    fit, test = (len(np.unique(side.episodes)) for side in (exam.fit, exam.test))
    found = []
    if fit < FEWEST_TO_FIT:
        found.append(f"only {fit} episodes to fit the probes on (20 or more are wanted): scores will be low")
    if test < FEWEST_TO_TEST:
        found.append(f"only {test} episodes to test on (10 or more are wanted): intervals will be too narrow")
    return found


def _elsewhere(loaded: Sequence[Loaded | Adopted], test: DataSet) -> list[str]:
    """A sentence for each run that was trained in another environment than it is tested in."""
    homes = {one.run.name: one.run.job()["uses"].get("env") for one in loaded}
    return [
        f"{name} was trained on {home}, these recordings are of {test.env}"
        for name, home in homes.items()
        if home is not None and home != test.env
    ]


def _seen_before(loaded: Sequence[Loaded | Adopted], test: DataSet) -> list[str]:
    """A sentence for each run that was trained on what it is tested on."""
    found = []
    for one in loaded:
        trained = one.run.job()["uses"].get("data")
        if trained == test.fingerprint:
            found.append(f"{one.run.name} was trained on frames that it is tested on; give --test recordings")
        elif _trained_on_episodes_of(one, trained, test):
            found.append(
                f"{one.run.name} was trained on episodes that it is tested on (one world, policy and seed); "
                "give --test recordings of another --seed"
            )
    return found


def _trained_on_episodes_of(one: Loaded | Adopted, fingerprint: Any, test: DataSet) -> bool:
    """Whether the run's own recordings, where they still lie in their place, share episodes with the test."""
    try:
        own = open_data(one.own_data)
    except WrongInput:
        return False
    return own.fingerprint == fingerprint and share_episodes(own, test)


def _about(job: ProbeJob, exam: Exam, sides: tuple[Side, Side]) -> dict[str, Any]:
    """Which recordings and factors the exam was about."""
    recordings = {}
    for name, path, side in zip(("fit", "test"), (job.data, job.test or job.data), sides, strict=True):
        recordings[name] = {
            "data": path.as_posix(),
            "fingerprint": side.data.fingerprint,
            "frames": len(side.rows),
            "episodes": len(np.unique(side.data.episode_of[side.rows])),
            "scenes": _scenes(side.data),
        }
    split = "two recordings" if job.test else "70 % of the episodes to fit, 30 % to test"
    return {
        "seed": job.seed,
        "split": split,
        "over_training_asked": job.over_training,
        "factors": [{"name": factor.name, "unit": factor.unit} for factor in exam.factors],
        **recordings,
        "truth": exam.truth_sums(),
    }


def _scenes(data: DataSet) -> int | None:
    """How many terrains the episodes were drawn from, where these came from a pool."""
    return data.origin["world"]["scenes"] if data.origin is not None else None
