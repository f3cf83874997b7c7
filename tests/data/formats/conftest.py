"""Minari data sets as others make them."""

import warnings

import gymnasium
import numpy as np
import pytest

IMAGE = gymnasium.spaces.Box(0, 255, (40, 36, 3), np.uint8)
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 40, 36, 3), dtype=np.uint8)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Where Minari looks for data sets: never in the user's folder."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "root"))
    return tmp_path / "root"


@pytest.fixture
def theirs(root):
    """Makes `theirs-v0`, of two equal episodes, by Minari's own means."""
    minari = pytest.importorskip("minari")
    pytest.importorskip("h5py")
    from minari.data_collector import EpisodeBuffer

    def make(space=IMAGE, observations=PICTURES, infos=None, **options):
        steps = 4
        buffer = EpisodeBuffer(
            observations=observations, actions=np.arange(steps) % 3 + 1, rewards=[0.5] * steps,
            terminations=[False] * steps, truncations=[False] * (steps - 1) + [True], infos=infos,
        )  # fmt: skip
        actions = gymnasium.spaces.Discrete(3, start=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Minari wants to know the author and much more
            return minari.create_dataset_from_buffers(
                "theirs-v0", [buffer, buffer], observation_space=space, action_space=actions, **options
            )

    return make
