"""Ridge regression in closed form: primal for many samples, dual for many features."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64, Int64
from scipy.linalg import cho_factor, cho_solve, eigh

Inputs = Float[np.ndarray, "sample feature"]
Targets = Float64[np.ndarray, "sample target"]
Path = Float64[np.ndarray, "penalty test target"]


@dataclass(frozen=True)
class Regression:
    """What is to be explained, and from what."""

    inputs: Inputs
    targets: Targets

    @cached_property
    def kernel(self) -> Float64[np.ndarray, "sample sample"] | None:
        """Inner products of all samples where features outnumber them, else None; computed once."""
        samples, features = self.inputs.shape
        return gram(self.inputs) if features > samples else None


@dataclass(frozen=True)
class LinearMap:
    """inputs @ weights + offset."""

    weights: Float64[np.ndarray, "feature target"]
    offset: Float64[np.ndarray, " target"]

    def __call__(self, inputs: Inputs) -> Targets:
        """What the map makes of each sample."""
        return _product(inputs, self.weights) + self.offset


def fit_ridge(problem: Regression, penalties: Float64[np.ndarray, " target"]) -> LinearMap:
    """The map that minimises mean squared error + penalty * |weights|^2, one penalty for each target.

    The offset is not penalised. scikit-learn's `alpha` is `penalty` times the number of samples.
    Source: Hastie, Tibshirani & Friedman 2009, eq. 3.44; dual form: Saunders et al. 1998.
    """
    inputs, targets = problem.inputs, problem.targets
    centre, mean = inputs.mean(0, dtype=np.float64), targets.mean(0)
    if problem.kernel is not None:
        solved = _solve_each(_centred(problem.kernel), penalties * len(inputs), targets - mean)
        # The solution sums to zero over samples, so that centring the inputs again changes nothing.
        weights = _product(inputs.T, solved)
    else:
        rows = inputs - centre
        weights = _solve_each(rows.T @ rows, penalties * len(inputs), rows.T @ (targets - mean))
    return LinearMap(weights, mean - centre @ weights)


def grouped_errors(
    problem: Regression,
    fold_of: Int64[np.ndarray, " sample"],
    penalties: Float64[np.ndarray, " penalty"],
) -> Float64[np.ndarray, "penalty target"]:
    """Mean squared error of every penalty on held-out folds; centres are measured anew in each fold."""
    inputs, targets, kernel = problem.inputs, problem.targets, problem.kernel
    total = np.zeros((len(penalties), targets.shape[1]))
    for fold in np.unique(fold_of):
        held = fold_of == fold
        if kernel is None:
            path = _primal_path(inputs[~held], targets[~held], inputs[held], penalties)
        else:
            blocks = kernel[np.ix_(~held, ~held)], kernel[np.ix_(held, ~held)]
            path = _dual_path(blocks, targets[~held], penalties)
        for row, prediction in enumerate(path):
            total[row] += np.square(prediction - targets[held]).sum(0)
    return total / len(inputs)


def gram(rows: Inputs, block: int = 2048) -> Float64[np.ndarray, "sample sample"]:
    """Inner products of all pairs of rows; single-precision products, double-precision sums of blocks."""
    total = np.zeros((len(rows), len(rows)))
    for start in range(0, rows.shape[1], block):
        part = np.ascontiguousarray(rows[:, start : start + block])
        total += part @ part.T
    return total


def _primal_path(
    inputs: Inputs,
    targets: Targets,
    test: Float[np.ndarray, "test feature"],
    penalties: Float64[np.ndarray, " penalty"],
) -> Iterator[Float64[np.ndarray, "test target"]]:
    centre, mean = inputs.mean(0, dtype=np.float64), targets.mean(0)
    rows = inputs - centre
    values, vectors = eigh(rows.T @ rows / len(rows))
    right = vectors.T @ (rows.T @ (targets - mean)) / len(rows)
    turned = (test - centre) @ vectors
    for penalty in penalties:
        yield turned @ (right / (values.clip(0)[:, None] + penalty)) + mean


def _dual_path(
    blocks: tuple[Float64[np.ndarray, "sample sample"], Float64[np.ndarray, "test sample"]],
    targets: Targets,
    penalties: Float64[np.ndarray, " penalty"],
) -> Iterator[Float64[np.ndarray, "test target"]]:
    """Predictions from inner products among the samples and of test samples with them."""
    square, cross = blocks
    # Centring the test samples' rows too would change nothing: the solution sums to zero over samples.
    mean, cross, square = targets.mean(0), cross - square.mean(0), _centred(square)
    for penalty in penalties:
        yield cross @ _solve(square, penalty * len(square), targets - mean) + mean


def _centred(square: Float64[np.ndarray, "size size"]) -> Float64[np.ndarray, "size size"]:
    """Inner products of the rows after their mean has been taken away.

    Source: Schölkopf, Smola & Müller 1998, appendix A.
    """
    columns = square.mean(0)
    return square - columns - columns[:, None] + columns.mean()


def _solve_each(
    square: Float64[np.ndarray, "size size"],
    penalties: Float64[np.ndarray, " target"],
    right: Float64[np.ndarray, "size target"],
) -> Float64[np.ndarray, "size target"]:
    solved = np.empty_like(right)
    for penalty in np.unique(penalties):
        solved[:, penalties == penalty] = _solve(square, penalty, right[:, penalties == penalty])
    return solved


def _solve(
    square: Float64[np.ndarray, "size size"], penalty: float, right: Float64[np.ndarray, "size target"]
) -> Float64[np.ndarray, "size target"]:
    # The matrix is symmetric; in Fortran's order it can be factored in place, which is a third faster.
    ridged = np.array(square.T, order="F")
    ridged[np.diag_indices_from(ridged)] += penalty
    return cho_solve(cho_factor(ridged, lower=True, overwrite_a=True, check_finite=False), right)


def _product(
    rows: Float[np.ndarray, "row inner"], columns: Float64[np.ndarray, "inner column"], block: int = 1024
) -> Float64[np.ndarray, "row column"]:
    """rows @ columns in double precision without a double-precision copy of all rows."""
    parts = [rows[start : start + block] @ columns for start in range(0, len(rows), block)]
    return np.concatenate(parts)
