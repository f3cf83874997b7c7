"""The studies of mathematics as a whole, on seeds that no recorded verdict counts."""

import pytest

from reverie.core.console import QUIET
from reverie.studies.bottleneck import BottleneckConfig
from reverie.studies.elbo import ElboConfig

pytestmark = pytest.mark.learning


def test_bottlenecks_are_what_the_textbook_says(tmp_path):
    study = BottleneckConfig()
    results = [study.one_seed(seed, tmp_path / str(seed), QUIET) for seed in (2000, 2001, 2002)]
    assert study.verdict(results).status == "supported"


def test_the_bound_reaches_the_exact_likelihood(tmp_path):
    study = ElboConfig()
    assert study.verdict([study.one_seed(2000, tmp_path, QUIET)]).status == "passed"


def test_an_interrupted_study_continues_to_the_same_numbers(tmp_path):
    """What is finished is read back: a second call measures the same without fitting again."""
    study = ElboConfig()
    first = study.one_seed(2001, tmp_path, QUIET)
    assert study.one_seed(2001, tmp_path, QUIET) == first
