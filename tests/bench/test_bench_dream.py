"""The bench of dreams counts what it says, at a small size."""

from reverie.bench import dream as bench
from reverie.core.console import QUIET


def test_it_measures_both_sizes_in_both_precisions(monkeypatch):
    small = {"CANDIDATES": 4, "ROLLOUTS": 2, "ROUNDS": 1, "LOOP_STEPS": 10, "MAX_STEPS": 5}
    for name, value in small.items():
        monkeypatch.setattr(bench, name, value)
    found = bench.measure(QUIET)
    for size in ("car", "doom"):
        for precision in ("fp32", "bf16"):
            assert 0 < found[f"{size}_{precision}"] < found[f"{size}_{precision}_roofline"]
        assert found[f"{size}_one_with_decoder"] < found[f"{size}_one"]
    assert found["cpu"]


def test_its_world_models_have_the_published_sizes():
    counts = {
        name: sum(part.numel() for part in bench._world_model(size).parameters())
        for name, size in bench.SIZES.items()
    }
    # The original's count, torch's second bias of each gate, and the heads for reward and end.
    assert counts["car"] == 422_368 + 4 * 256 + 2 * (256 + 1)
    controllers = {name: bench._controllers(size).size for name, size in bench.SIZES.items()}
    assert controllers == {"car": 867, "doom": 1_088}
