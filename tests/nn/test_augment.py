import pytest
import torch

from reverie.nn.augment import relit, shifted


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def frames(count: int = 50) -> torch.Tensor:
    return torch.rand(count, 3, 8, 6, generator=generator(9))


def test_a_shifted_frame_is_a_window_of_the_frame_with_its_border_repeated():
    padded = torch.nn.functional.pad(frames(), (2, 2, 2, 2), mode="replicate")
    found, places = shifted(frames(), 2, generator()), set()
    for image, moved in zip(padded, found, strict=True):
        windows = [(d, r) for d in range(5) for r in range(5)
                   if torch.equal(image[:, d : d + 8, r : r + 6], moved)]  # fmt: skip
        assert len(windows) == 1
        places.update(windows)
    assert len(places) > 15, "all 25 shifts are possible, and each frame has its own"


def test_no_shift_changes_nothing():
    assert torch.equal(shifted(frames(), 0, generator()), frames())


def test_light_keeps_frames_in_range_and_changes_each_by_its_own_factors():
    found = relit(0.3 + 0.2 * frames(), 0.2, generator())
    assert found.min() >= 0 and found.max() <= 1
    ratio = found.mean(dim=(1, 2, 3)) / (0.3 + 0.2 * frames()).mean(dim=(1, 2, 3))
    assert ratio.min() >= 0.8 and ratio.max() <= 1.2 and ratio.std() > 0.05


def test_light_keeps_the_ratios_of_differences():
    """Within a frame every difference of pixels is multiplied by one number."""
    before = 0.4 + 0.1 * frames(1)
    after = relit(before, 0.2, generator())
    slopes = (after - after.mean()) / (before - before.mean())
    assert slopes.std().item() == pytest.approx(0.0, abs=1e-3)
