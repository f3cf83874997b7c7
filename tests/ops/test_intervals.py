"""Intervals against the equations that define them."""

import numpy as np
import pytest
from scipy import stats

from reverie.ops.intervals import student_interval, wilson_interval


@pytest.mark.parametrize(("successes", "count"), [(150, 200), (3, 10), (1, 7)])
def test_both_ends_of_wilsons_interval_are_just_not_rejected(successes, count):
    """At either end the score test is at its quantile: (share - p)^2 = z^2 p (1 - p) / n."""
    for end in wilson_interval(successes, count):
        assert (successes / count - end) ** 2 == pytest.approx(
            stats.norm.ppf(0.975) ** 2 * end * (1 - end) / count
        )


def test_no_success_at_all_leaves_room_above():
    """The quadratic with share 0 has the roots 0 and z^2 / (n + z^2)."""
    z = stats.norm.ppf(0.975)
    assert wilson_interval(0, 200) == pytest.approx((0.0, z**2 / (200 + z**2)))


def test_students_interval_is_that_of_a_t_test():
    values = [1.0, 2.0, 4.0]
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert student_interval(values) == pytest.approx((expected.low, expected.high))
    assert student_interval([1.0]) == (-np.inf, np.inf)
