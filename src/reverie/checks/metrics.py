"""What every metric promises; run over our own in the tests, and by plugins over theirs.

Each check takes a metric and raises AssertionError with the promise that is broken. `ALL` holds the checks by
name; `READERS` holds further ones, for metrics that fit a reader of codes and score it on other episodes.
"""

from collections.abc import Callable

import numpy as np

from reverie.core.metric import Labelled, Metric

EPISODES, LENGTH, UNITS, FACTORS = 60, 10, 4, 2


def noise_scores_near_zero(metric: Metric) -> None:
    """Codes that know nothing score next to nothing."""
    noise = _generator(1).normal(size=(EPISODES * LENGTH, UNITS))
    _assert_close(_score(metric, _with_codes(noise)), 0.0, 0.06, "noise")


def the_truth_scores_near_one(metric: Metric) -> None:
    """Codes that are the factors, beside units that say nothing, score almost one."""
    truth = _labelled()
    noise = _generator(2).normal(size=(EPISODES * LENGTH, UNITS - FACTORS))
    _assert_close(_score(metric, _with_codes(np.hstack([truth.factors, noise]))), 1.0, 0.05, "the truth")


def the_order_of_samples_does_not_matter(metric: Metric) -> None:
    """Shuffled samples, each with its code, factors and episode, have the same score."""
    given = _half_known()
    order = _generator(3).permutation(len(given.codes))
    shuffled = Labelled(given.codes[order], given.factors[order], given.episodes[order])
    _assert_close(_score(metric, shuffled), _score(metric, given), 0.02, "shuffled samples")


def the_same_codes_have_the_same_score(metric: Metric) -> None:
    """All chance comes from a seed that is fixed."""
    assert _score(metric, _half_known()) == _score(metric, _half_known()), (
        "the score changes from call to call"
    )


def units_of_measurement_do_not_matter(metric: Metric) -> None:
    """Metres or feet, codes times a thousand: the score stays."""
    given = _half_known()
    scaled = Labelled(given.codes * 1000.0 + 5.0, given.factors * 0.3048 - 7.0, given.episodes)
    _assert_close(_score(metric, scaled), _score(metric, given), 0.02, "other units of measurement")


def nothing_that_is_given_is_changed(metric: Metric) -> None:
    """Codes, factors and episodes are as they were."""
    given, kept = _half_known(), _half_known()
    metric(given.codes, given.factors, given.episodes)
    for name in ("codes", "factors", "episodes"):
        assert np.array_equal(getattr(given, name), getattr(kept, name)), f"{name} were changed in place"


def knowing_the_episode_is_not_knowing_the_factor(metric: Metric) -> None:
    """A code that only names its episode scores nothing, even where factors hardly change in an episode.

    Whoever splits by frame finds neighbours of every test frame among the fitting frames, and is taken in.
    """
    generator = _generator(4)
    names = generator.normal(size=(EPISODES, 40))
    places = generator.normal(size=(EPISODES, FACTORS))
    episodes = np.repeat(np.arange(EPISODES, dtype=np.int64), LENGTH)
    factors = places[episodes] + 0.05 * generator.normal(size=(len(episodes), FACTORS))
    score = _score(metric, Labelled(names[episodes], factors, episodes))
    assert score < 0.15, f"a code that only names the episode scores {score:.2f}: split by episode"


def mixing_the_units_changes_little(metric: Metric) -> None:
    """What a reader finds does not depend on the basis of the codes."""
    given = _half_known()
    mixed = given.codes @ _generator(5).normal(size=(UNITS, UNITS)) + 3.0
    _assert_close(_score(metric, _with_codes(mixed)), _score(metric, given), 0.03, "linearly mixed units")


Check = Callable[[Metric], None]

ALL: dict[str, Check] = {
    check.__name__: check
    for check in (
        noise_scores_near_zero,
        the_truth_scores_near_one,
        the_order_of_samples_does_not_matter,
        the_same_codes_have_the_same_score,
        units_of_measurement_do_not_matter,
        nothing_that_is_given_is_changed,
    )
}
"""Every promise of every metric by name."""

READERS: dict[str, Check] = {
    check.__name__: check
    for check in (knowing_the_episode_is_not_knowing_the_factor, mixing_the_units_changes_little)
}
"""Further promises of metrics that fit a reader."""


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _labelled() -> Labelled:
    """Independent factors in independent episodes; the codes are still empty."""
    factors = _generator(0).normal(size=(EPISODES * LENGTH, FACTORS))
    episodes = np.repeat(np.arange(EPISODES, dtype=np.int64), LENGTH)
    return Labelled(np.zeros((len(factors), 0)), factors, episodes)


def _with_codes(codes: np.ndarray) -> Labelled:
    given = _labelled()
    return Labelled(codes, given.factors, given.episodes)


def _half_known() -> Labelled:
    """Codes that show the factors through noise."""
    noise = _generator(6).normal(size=(EPISODES * LENGTH, UNITS))
    noise[:, :FACTORS] = _labelled().factors + 0.7 * noise[:, :FACTORS]
    return _with_codes(noise)


def _score(metric: Metric, given: Labelled) -> float:
    return metric(given.codes, given.factors, given.episodes).value


def _assert_close(found: float, wanted: float, tolerance: float, what: str) -> None:
    assert abs(found - wanted) <= tolerance, f"{what}: a score of {found:.3f} instead of {wanted:.3f}"
