"""Losses that compare codes, against sums written out in NumPy, torch's own, and cases known by hand."""

import math

import numpy as np
import pytest
import torch

from reverie.ops.contrast import info_nce, invariance, missing_deviation, redundancy


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.empty(shape).normal_(generator=torch.Generator().manual_seed(seed))


def test_info_nce_is_the_equation_written_out():
    scores = normal(3, 4, 4)
    s = scores.double().numpy()
    for i, found in enumerate(info_nce(scores).tolist()):
        expected = sum(-math.log(math.exp(s[p, i, i]) / sum(math.exp(x) for x in s[p, i])) for p in range(3))
        assert found == pytest.approx(expected, rel=1e-5)


def test_info_nce_is_torchs_cross_entropy_of_the_image_s_own_number():
    scores = normal(1, 6, 6, seed=1)
    expected = torch.nn.functional.cross_entropy(scores[0], torch.arange(6), reduction="none")
    assert torch.allclose(info_nce(scores), expected)


def test_guessing_costs_the_logarithm_of_the_candidates_and_knowing_costs_nothing():
    assert info_nce(torch.zeros(5, 8, 8)).tolist() == pytest.approx([5 * math.log(8)] * 8)
    assert info_nce(100.0 * torch.eye(8)[None]).tolist() == pytest.approx([0.0] * 8, abs=1e-6)


def test_each_image_looks_for_its_partner_among_the_candidates_and_not_the_other_way_round():
    scores = torch.tensor([[[0.0, 0.0], [math.log(3.0), 0.0]]])
    assert info_nce(scores).tolist() == pytest.approx([math.log(2.0), math.log(4.0)])


def test_invariance_is_the_mean_square_of_the_differences():
    assert invariance(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 1.0]])).tolist() == [2.5]


def test_a_unit_without_variance_misses_nearly_one_deviation_and_a_wide_one_misses_none():
    codes = torch.tensor([[1.0, 0.0], [1.0, 10.0], [1.0, -10.0]])
    assert missing_deviation(codes).item() == pytest.approx((1 - 0.01) / 2)


def test_missing_deviation_is_that_of_numpy_with_one_degree_of_freedom():
    codes = 0.5 * normal(10, 7)
    deviations = np.sqrt(codes.double().numpy().var(axis=0, ddof=1) + 1e-4)
    assert missing_deviation(codes).item() == pytest.approx(np.maximum(0, 1 - deviations).mean(), rel=1e-5)


def test_redundancy_is_the_sum_of_numpys_squared_covariances_off_the_diagonal():
    codes = normal(12, 5)
    covariance = np.cov(codes.double().numpy(), rowvar=False)
    expected = (covariance**2)[~np.eye(5, dtype=bool)].sum() / 5
    assert redundancy(codes).item() == pytest.approx(expected, rel=1e-5)


def test_units_that_do_not_vary_together_are_not_redundant():
    codes = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert redundancy(codes).item() == pytest.approx(0.0, abs=1e-7)
