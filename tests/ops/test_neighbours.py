"""Nearest distances agree with a tree of scipy."""

import torch
from scipy.spatial import KDTree

from reverie.ops.neighbours import nearest_distances


def test_distances_are_those_of_a_tree():
    generator = torch.Generator().manual_seed(0)
    points, cloud = torch.randn(2500, 4, generator=generator), torch.randn(300, 4, generator=generator)
    expected = torch.from_numpy(KDTree(cloud.numpy()).query(points.numpy())[0]).float()
    torch.testing.assert_close(nearest_distances(points, cloud), expected, atol=1e-4, rtol=1e-4)
