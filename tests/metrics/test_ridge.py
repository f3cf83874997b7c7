"""Ridge in closed form gives what scikit-learn gives, in the primal and in the dual form."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from reverie.ops.ridge import Regression, fit_ridge, grouped_errors

SHAPES = {"primal": (60, 7), "dual": (25, 90), "square": (30, 30)}


def problem(shape, dtype=np.float64):
    generator = np.random.default_rng(1)
    samples, features = shape
    inputs = generator.normal(size=(samples, features)).astype(dtype) + 3
    targets = inputs[:, :2] @ generator.normal(size=(2, 3)) + generator.normal(size=(samples, 3)) + 10
    return inputs, targets.astype(np.float64)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("penalty", [1e-3, 0.1, 10.0])
def test_it_is_scikit_learns_ridge(shape, penalty):
    inputs, targets = problem(shape)
    other = Ridge(alpha=penalty * len(inputs)).fit(inputs, targets)
    found = fit_ridge(Regression(inputs, targets), np.full(3, penalty))
    assert np.allclose(found.weights, other.coef_.T, atol=1e-8)
    assert np.allclose(found(inputs[:5]), other.predict(inputs[:5]), atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_target_has_its_own_penalty(shape):
    inputs, targets = problem(shape)
    penalties = np.array([1e-2, 1.0, 1e-2])
    found = fit_ridge(Regression(inputs, targets), penalties)
    for column, penalty in enumerate(penalties):
        other = Ridge(alpha=penalty * len(inputs)).fit(inputs, targets[:, column])
        assert np.allclose(found.weights[:, column], other.coef_, atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_held_out_errors_are_those_of_refitting_on_each_fold(shape):
    inputs, targets = problem(shape)
    fold_of = np.random.default_rng(2).integers(0, 4, len(inputs))
    penalties = np.array([1e-2, 1.0])
    found = grouped_errors(Regression(inputs, targets), fold_of, penalties)
    for row, penalty in enumerate(penalties):
        errors = np.zeros(targets.shape)
        for fold in range(4):
            held = fold_of == fold
            model = Ridge(alpha=penalty * (~held).sum()).fit(inputs[~held], targets[~held])
            errors[held] = np.square(model.predict(inputs[held]) - targets[held])
        assert np.allclose(found[row], errors.mean(0), rtol=1e-8)


def test_single_precision_pixels_lose_nothing_that_matters():
    inputs, targets = problem((40, 4000), np.float32)
    found = fit_ridge(Regression(inputs, targets), np.full(3, 1.0))
    other = fit_ridge(Regression(inputs.astype(np.float64), targets), np.full(3, 1.0))
    assert np.allclose(found(inputs), other(inputs.astype(np.float64)), atol=1e-3)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_offset_is_not_penalised(shape):
    inputs, targets = problem(shape)
    near, far = (fit_ridge(Regression(inputs, targets + shift), np.full(3, 100.0)) for shift in (0.0, 1000.0))
    assert np.allclose(far(inputs) - near(inputs), 1000.0)
