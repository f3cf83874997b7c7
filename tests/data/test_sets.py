"""Sets with exact factors: what the grid holds, that pictures show what factors say, that files are whole."""

import io
import zipfile

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from reverie.core.console import QUIET
from reverie.core.errors import WrongInput
from reverie.core.family import config_of, members
from reverie.data import image_set
from reverie.data.check import check_data
from reverie.data.image_set import SetConfig, make_set
from reverie.data.sets import cells4, dsprites, glyphs, sprites, stripes
from reverie.data.store import open_data

DRAWN = [word for word in members("data.sets") if word != "dsprites"]


@pytest.fixture(scope="module")
def thousand():
    """A thousand sprites with their factors."""
    numbers = np.random.default_rng(3).choice(int(np.prod(sprites.GRID)), 1000, replace=False)
    truth = sprites.tuples(numbers)
    return sprites.render(truth, 64)[..., 0], truth


def test_the_grid_of_sprites_is_that_of_dsprites():
    truth = sprites.tuples(np.arange(737_280)).astype(np.float32)
    assert sprites.SpritesConfig().build().total == len(truth) == 3 * 6 * 40 * 32 * 32
    assert len(np.unique(truth.view([("", np.float32)] * 5))) == len(truth)
    assert [len(np.unique(column)) for column in truth.T] == [3, 6, 40, 32, 32]
    assert truth.min(0).tolist() == [0.0, 0.5, 0.0, 0.0, 0.0]
    assert truth.max(0).tolist() == pytest.approx([2.0, 1.0, 2 * np.pi, 1.0, 1.0])


def test_a_sprite_is_where_its_factors_say(thousand):
    frames, truth = thousand
    middles = np.arange(64) + 0.5
    mass = frames.sum((1, 2))
    right = (frames.sum(1) * middles).sum(1) / mass
    down = (frames.sum(2) * middles).sum(1) / mass
    assert np.abs(np.stack([right, down], 1) - (16.0 + 32.0 * truth[:, 3:5])).max() < 0.5


def test_a_sprite_is_as_large_as_its_scale_says_whatever_its_shape(thousand):
    frames, truth = thousand
    areas = (frames == 255).sum((1, 2))
    assert np.abs(areas / (18.0 * truth[:, 1]) ** 2 - 1.0).max() < 0.15
    for shape in range(3):
        chosen = truth[:, 0] == shape
        assert areas[chosen].sum() / np.square(18.0 * truth[chosen, 1]).sum() == pytest.approx(1, abs=5e-3)


def test_no_sprite_is_cut_off(thousand):
    frames, _ = thousand
    assert set(np.unique(frames)) == {0, 255}
    assert not frames[:, [0, -1]].any() and not frames[:, :, [0, -1]].any()


def test_neighbours_on_the_grid_of_sprites_differ_in_the_picture():
    """But for turns by which a shape looks the same, every tuple has a picture of its own."""
    for shape, turns in enumerate((10, 20, 40)):
        inside = [0, 5, 20, 31]
        grid = np.array([(shape, scale, sprites.VALUES[2][turn], x, y)
                         for scale in (0.5, 1.0) for turn in range(0, turns - 1, 3)
                         for x in sprites.VALUES[3][inside] for y in sprites.VALUES[4][inside]])  # fmt: skip
        assert len(np.unique(sprites.render(grid, 64).reshape(len(grid), -1), axis=0)) == len(grid)


def test_there_are_81_scenes_of_four_cells():
    frames, truth = cells4.draw(np.arange(81))
    assert len(np.unique(frames.reshape(81, -1), axis=0)) == len(np.unique(truth, axis=0)) == 81


def test_a_cell_shows_what_its_factor_says():
    frames, truth = cells4.draw(np.arange(81))
    corners = {0: (0, 0), 1: (0, 16), 2: (16, 0), 3: (16, 16)}
    for cell, (down, right) in corners.items():
        seen = frames[:, down : down + 16, right : right + 16].reshape(81, -1)
        for kind in range(3):
            assert len(np.unique(seen[truth[:, cell] == kind], axis=0)) == 1
        assert len(np.unique(seen, axis=0)) == 3


def test_stripes_by_hand():
    one = np.flatnonzero((stripes.TRUTH == (0, 2, 1)).all(1))
    other = np.flatnonzero((stripes.TRUTH == (1, 1, 0)).all(1))
    frames, _ = stripes.draw(np.concatenate([one, other]))
    assert frames[0, 5, :8, 0].tolist() == [0, 255, 255, 0, 0, 255, 255, 0]
    assert frames[1, :4, 5, 0].tolist() == [255, 0, 255, 0]
    assert len(np.unique(stripes.draw(np.arange(60))[0].reshape(60, -1), axis=0)) == 60


def test_glyphs_can_be_learnt():
    learn, test = glyphs.GlyphsConfig(seed=1), glyphs.GlyphsConfig(seed=2)
    known, names = learn.draw(np.arange(5000))
    asked, right = test.draw(np.arange(500))
    reader = KNeighborsClassifier(5).fit(known.reshape(5000, -1) / 255.0, names[:, 0])
    assert reader.score(asked.reshape(500, -1) / 255.0, right[:, 0]) >= 0.95


def test_a_glyph_moves_turns_and_grows_as_its_factors_say():
    rows = np.array([[8, 2, 0, 0, 1, 0, 0], [8, 2, 0, 0, 1, 2, -1], [1, 2, 0.2, 0, 1, 0, 0],
                     [1, 2, -0.2, 0, 1, 0, 0], [8, 2, 0, 0, 0.8, 0, 0]], dtype=float)  # fmt: skip
    still, moved, left, right, small = glyphs.render(rows)[..., 0].astype(float)
    assert np.abs(np.roll(still, (-1, 2), (0, 1)) - moved).max() <= 1.0
    middles = np.arange(28)
    top = [(picture[:10].sum(0) * middles).sum() / picture[:10].sum() for picture in (left, right)]
    assert top[0] < top[1]
    assert small.sum() / still.sum() == pytest.approx(0.64, abs=0.03)


@pytest.mark.parametrize("word", DRAWN)
def test_a_set_is_whole_and_the_same_again(word, tmp_path):
    config = config_of("data.sets", word, SetConfig)(count=40, seed=5)
    for name in ("one", "two"):
        make_set(config, tmp_path / name, QUIET)
    assert check_data(tmp_path / "one") == []
    one, two = (open_data(tmp_path / name) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint
    assert len(one) == one.frame_count == 40
    assert one.visible.all()
    frames, truth = config.build().draw(image_set._numbers(config, config.build()))
    assert np.array_equal(one.pixels, frames) and np.array_equal(one.truth, truth)
    other = config_of("data.sets", word, SetConfig)(count=40, seed=6)
    make_set(other, tmp_path / "three", QUIET)
    assert not np.array_equal(open_data(tmp_path / "three").pixels, frames)


def test_nothing_is_drawn_twice(tmp_path):
    make_set(cells4.Cells4Config(), tmp_path / "all", QUIET)
    data = open_data(tmp_path / "all")
    assert len(np.unique(data.truth, axis=0)) == len(data) == 81


def test_large_sets_have_a_handful_of_images_in_an_episode(tmp_path, monkeypatch):
    monkeypatch.setattr(image_set, "MOST_EPISODES", 10)
    monkeypatch.setattr(image_set, "BLOCK", 9)
    make_set(cells4.Cells4Config(count=35), tmp_path / "some", QUIET)
    data = open_data(tmp_path / "some")
    assert [len(episode) + 1 for episode in data] == [4] * 8 + [3]
    assert len(np.unique(data.truth, axis=0)) == 35
    assert check_data(data.path) == []


def test_more_than_there_are_is_refused(tmp_path):
    with pytest.raises(WrongInput, match="cells4 has 81 images, so 82 cannot be drawn"):
        make_set(cells4.Cells4Config(count=82), tmp_path / "none", QUIET)
    with pytest.raises(WrongInput, match="'count' must be positive"):
        make_set(glyphs.GlyphsConfig(count=0), tmp_path / "none", QUIET)
    assert not (tmp_path / "none").exists()


def test_what_was_interrupted_leaves_nothing(tmp_path, monkeypatch):
    def stop(numbers):
        raise KeyboardInterrupt

    monkeypatch.setattr(cells4, "draw", stop)
    with pytest.raises(KeyboardInterrupt):
        make_set(cells4.Cells4Config(), tmp_path / "half", QUIET)
    assert not (tmp_path / "half").exists()


def written(file, imgs, values):
    """A file laid out as dSprites', with a metadata member that must never be read."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {"imgs": imgs, "latents_values": values}.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array)
            archive.writestr(f"{name}.npy", content.getvalue())
        archive.writestr("metadata.npy", b"\x93NUMPY this would run code")
    return file


def test_a_file_laid_out_as_dsprites_gives_its_pictures_and_factors(tmp_path):
    generator = np.random.default_rng(0)
    imgs = generator.integers(0, 2, (5000, 64, 64)).astype(np.uint8)
    values = np.stack([np.ones(5000), *generator.uniform(1, 3, (5, 5000))], axis=1)
    draw = dsprites.read(written(tmp_path / "d.npz", imgs, values), 5000)
    numbers = np.array([4999, 0, 4096])
    frames, truth = draw(numbers)
    assert np.array_equal(frames[..., 0], 255 * imgs[numbers])
    assert np.allclose(truth, values[numbers, 1:] - np.array([1, 0, 0, 0, 0]))


@pytest.mark.parametrize(
    ("imgs", "values"),
    [
        (np.zeros((9, 64, 64), np.uint8), np.ones((10, 6))),
        (np.zeros((10, 64, 64), np.int64), np.ones((10, 6))),
        (np.zeros((10, 64, 64), np.uint8), np.ones((10, 6), np.float32)),
        (np.asfortranarray(np.zeros((10, 64, 64), np.uint8)), np.ones((10, 6))),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(tmp_path, imgs, values):
    with pytest.raises(WrongInput, match="is not laid out as dSprites"):
        dsprites.read(written(tmp_path / "d.npz", imgs, values), 10)


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path):
    file = written(tmp_path / "d.npz", np.zeros((10, 64, 64), np.uint8), np.ones((10, 6)))
    with pytest.raises(WrongInput, match="is not the published dSprites: its md5 is"):
        dsprites.DspritesConfig(file=file).build()
    with pytest.raises(WrongInput, match="no dSprites at"):
        dsprites.DspritesConfig(file=tmp_path / "none.npz").build()


def test_the_real_file_looks_like_our_sprites(tmp_path):
    """Only where somebody has put the file into REVERIE_DATA."""
    if not (dsprites.data_folder() / "dsprites" / dsprites.NAME).is_file():
        pytest.skip("the dSprites file is not on this machine")
    images = dsprites.DspritesConfig().build()
    numbers = np.random.default_rng(0).choice(737_280, 1000, replace=False)
    frames, truth = images.draw(numbers)
    assert np.allclose(truth, sprites.tuples(numbers), atol=1e-4)
    ours = sprites.render(sprites.tuples(numbers), 64)
    union, common = (frames | ours).astype(bool).sum((1, 2, 3)), (frames & ours).astype(bool).sum((1, 2, 3))
    assert (common / union).mean() > 0.9
