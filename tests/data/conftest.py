import numpy as np
import pytest

from reverie.core.episode import Episode
from reverie.core.world import ActionSpace, Factor
from reverie.data.archive import create_archive
from reverie.data.manifest import Manifest

SHAPE = (6, 5, 3)


def episode(index, steps=None, box=False):
    """An episode whose every number is drawn from its index."""
    generator = np.random.default_rng(index)
    steps = int(generator.integers(1, 60)) if steps is None else steps
    actions = (
        generator.uniform(-1, 1, (steps, 2)).astype(np.float32) if box else generator.integers(4, size=steps)
    )
    return Episode(
        rewards=generator.normal(size=steps).astype(np.float32),
        frames=generator.integers(0, 256, (steps + 1, *SHAPE), dtype=np.uint8),
        actions=actions,
        ending=("terminated", "truncated", "unfinished")[index % 3],
        factors=generator.normal(size=(steps + 1, 2)).astype(np.float32),
        visible=generator.random(steps + 1) < 0.7,
    )


def blank(box=False, chunk=32):
    bounds = np.array([-1, -1], dtype=np.float32)
    space = ActionSpace(count=None, low=bounds, high=-bounds) if box else ActionSpace(count=4)
    factors = (Factor("x", "m"), Factor("speed", "m/s"))
    source = {"world": {"env": "Made-up-v0"}, "seed": 0}
    return Manifest(
        source=source, frame_shape=SHAPE, action_space=space, factors=factors, chunk=chunk, files={}
    )


@pytest.fixture
def make_episode():
    return episode


@pytest.fixture
def make_blank():
    return blank


@pytest.fixture
def folder(tmp_path):
    """A complete data set of 9 episodes."""
    place = tmp_path / "made"
    writer = create_archive(place, blank(), {"verb": "capture", "job": {}})
    for index in range(9):
        writer.append(episode(index))
    writer.finish()
    return place
