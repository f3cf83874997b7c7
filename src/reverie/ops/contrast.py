"""Losses that compare codes with each other instead of rebuilding frames."""

from jaxtyping import Float
from torch import Tensor


def info_nce(scores: Float[Tensor, "place image candidate"]) -> Float[Tensor, " image"]:
    """Cross entropy of finding each image's own partner among all candidates, summed over places, in nats.

    `scores[p, i, j]` says how well image i goes with candidate j at place p; the partner of i is candidate i,
    the others are its negatives. Guessing costs the logarithm of the number of candidates a place.
    Source: van den Oord et al. 2018, eq. 4; Anand et al. 2019, eqs. 1 and 2.
    """
    return -scores.log_softmax(dim=2).diagonal(dim1=1, dim2=2).sum(0)


def invariance(
    first: Float[Tensor, "image unit"], second: Float[Tensor, "image unit"]
) -> Float[Tensor, " image"]:
    """Squared distance of the two codes of each pair, averaged over units.

    Source: Bardes, Ponce & LeCun 2022, eq. 5, divided by the number of units: the published weights belong to
    the authors' code, which takes this mean.
    """
    return (first - second).square().mean(1)


def missing_deviation(codes: Float[Tensor, "image unit"], floor: float = 1e-4) -> Float[Tensor, ""]:
    """How far the standard deviation of each unit over the batch falls short of one, averaged over units.

    `floor` is added to the variance, so that the gradient stays finite where a unit has collapsed.
    Source: Bardes, Ponce & LeCun 2022, eqs. 1 and 2.
    """
    return (1.0 - (codes.var(dim=0) + floor).sqrt()).relu().mean()


def redundancy(codes: Float[Tensor, "image unit"]) -> Float[Tensor, ""]:
    """Squared covariances of all pairs of different units over the batch, summed, divided by the units.

    Source: Bardes, Ponce & LeCun 2022, eqs. 3 and 4.
    """
    centred = codes - codes.mean(0)
    covariance = centred.T @ centred / (len(codes) - 1)
    between = covariance.square().sum() - covariance.diagonal().square().sum()
    return between / codes.shape[1]
