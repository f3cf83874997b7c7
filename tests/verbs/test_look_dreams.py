"""Look draws what a world model dreams, from recorded frames and under recorded actions."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.cli import main
from reverie.core.errors import WrongInput
from reverie.core.world_model import Starts
from reverie.data.splits import split_episodes
from reverie.envs.dream import DreamConfig
from reverie.envs.dream_env import DreamEnv
from reverie.envs.dream_rows import Dreamland
from reverie.lenses.dream import later_and_later
from reverie.verbs._open_loop import Plan, choose, dream_on, open_loop
from reverie.verbs.load_model import load_model
from reverie.verbs.look import LookJob, look


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Recordings `data`, a representation `codes`, and its world model `model`."""
    place = tmp_path_factory.mktemp("dreams")
    data, codes, run = (str(place / name) for name in ("data", "codes", "model"))
    shape = ["--episodes", "12", "--size", "16", "--max-steps", "60"]
    assert main(["capture", "CartPole-v1", data, *shape]) == 0
    assert main(["fit", "dense-ae", data, codes, "--code-size", "4", "--hidden", "16", "--epochs", "1"]) == 0
    assert main(["model", "mdn-rnn", codes, data, run, "--hidden-size", "8", "--epochs", "2"]) == 0
    return place


@pytest.fixture(scope="module")
def loaded(place):
    return load_model(place / "model")


PLAN = Plan(steps=9, temperatures=(0.5, 1.5), seed=3)


def test_there_is_a_picture_for_every_lens_and_a_film(place):
    paths = look(LookJob(run=place / "model", steps=10))
    films = ["dream.gif", "dream.mp4"] if find_spec("imageio_ffmpeg") else ["dream.gif"]
    assert [path.name for path in paths] == ["audit.png", "dream.png", *films]
    for path in paths[:2]:
        with Image.open(path) as picture:
            assert picture.width > 300
    with Image.open(paths[2]) as film:
        shown = np.asarray(film.convert("RGB"))
        assert getattr(film, "n_frames", 1) > 5 and shown.std() > 0


def test_the_same_seed_gives_the_same_pictures(place):
    job = LookJob(run=place / "model", steps=10, lens=("dream",))
    before = {path: path.read_bytes() for path in look(job) if path.suffix != ".mp4"}
    assert before == {path: path.read_bytes() for path in look(job) if path.suffix != ".mp4"}


def test_the_stretch_is_from_an_episode_that_was_not_learnt_from(loaded):
    conditions = loaded.job.conditions
    share = conditions.validation
    _, held = split_episodes(len(loaded.data), (1 - share, share), conditions.seed)
    for seed in range(8):
        stretch = choose(loaded, Plan(steps=9, temperatures=(1.0,), seed=seed))
        episodes = set(loaded.data.episode_of[stretch.rows])
        assert len(episodes) == 1 and episodes <= set(held)
        length = stretch.rows.stop - stretch.rows.start - 1
        assert 0 < stretch.warm_up <= length / 2 and length - stretch.warm_up <= 9


def test_dreams_have_seen_the_warm_up_and_nothing_after_it(loaded):
    """Frames after the warm-up are of no consequence: others in their place change no dream."""
    seen = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    actions = torch.eye(2)[torch.arange(20) % 2]
    codes, _ = dream_on(loaded.world_model, seen, actions, (1.0, 0))
    assert codes.shape == (15, 4)
    changed = seen.clone()
    changed[2] += 5.0
    assert not torch.equal(codes[0], dream_on(loaded.world_model, changed, actions, (1.0, 0))[0][0])
    later = actions.clone()
    later[12:] = later[12:].flip(1)
    other, _ = dream_on(loaded.world_model, seen, later, (1.0, 0))
    assert torch.equal(codes[:7], other[:7]) and not torch.equal(codes[8:], other[8:])


def test_without_a_warm_up_it_is_the_dream_that_gymnasium_sees(loaded):
    """The same chance, start and actions lead `DreamEnv` to the same codes and the same end."""
    begin = torch.randn(1, 4, generator=torch.Generator().manual_seed(5))
    hidden = loaded.world_model.initial(1)
    starts = Starts(begin, torch.zeros(1, 4), hidden)
    config = DreamConfig(temperature=0.7, max_steps=100)
    land = Dreamland(
        world_model=loaded.world_model, starts=starts, action_space=loaded.action_space, config=config
    )
    env, told = DreamEnv(land), []
    env.reset(seed=4)
    moves = [step % 2 for step in range(80)]
    for move in moves:
        code, _, ended, _, _ = env.step(move)
        told.append(code)
        if ended:
            break
    codes, end = dream_on(loaded.world_model, begin, torch.eye(2)[moves], (0.7, 4))
    assert end == len(told)
    assert np.allclose(codes[: len(told)].numpy(), np.stack(told), atol=1e-5)


def test_temperatures_begin_alike_and_part(loaded):
    loop = open_loop(loaded, PLAN)
    until = loop.warm_up + 1
    assert list(loop.dreamt) == [0.5, 1.5]
    for frames in loop.dreamt.values():
        assert frames.shape == loop.real.shape
        assert torch.equal(frames[:until], loop.rebuilt[:until])
    assert not torch.equal(loop.dreamt[0.5], loop.dreamt[1.5])


def test_shown_steps_lie_further_and_further_apart():
    assert later_and_later(100, 5) == [0, 6, 25, 56, 100]
    assert later_and_later(3, 10) == [0, 1, 2, 3] and later_and_later(0, 4) == [0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["model", "--lens", "map"],
            "'map' is not for a world model such as .*; look through audit or dream",
        ),
        (["codes", "--lens", "dream"], "not for a representation such as .*; look through map or"),
        (["model", "--lens", "draem"], r"unknown lens 'draem'; did you mean 'dream'\?"),
        (["model", "--temperatures", "0"], "temperature must be above 0, got 0.0"),
        (["model", "--data", "somewhere"], "leave out --data somewhere"),
        (["model", "--steps", "0"], "'steps' must be positive, got 0"),
    ],
)
def test_what_does_not_fit_is_one_sentence(place, words, sentence, capsys):
    assert main(["look", str(place / words[0]), *words[1:]]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert re.search(sentence, told[0])


def test_a_controller_is_sent_to_where_it_can_be_watched(tmp_path):
    run = tmp_path / "c"
    run.mkdir()
    (run / "job.json").write_text(json.dumps({"verb": "train", "job": {"world_model": "runs/m"}, "uses": {}}))
    with pytest.raises(WrongInput, match=r"watch it with: reverie play .*c, or .*: reverie look runs/m"):
        look(LookJob(run=run))


def test_without_a_decoder_only_what_needs_none_is_drawn(place, tmp_path, monkeypatch):
    """A world model of adopted codes can be audited, and not be seen."""
    codes, run = str(tmp_path / "codes"), str(tmp_path / "model")
    reverie.adopt(_four_numbers, codes, [place / "data"], name="four numbers")
    assert (
        main(["model", "mdn-rnn", codes, str(place / "data"), run, "--hidden-size", "8", "--epochs", "1"])
        == 0
    )
    assert [path.name for path in look(LookJob(run=Path(run)))] == ["audit.png"]
    with pytest.raises(WrongInput, match=r"the lens 'dream' shows decoded frames, .* look through audit"):
        look(LookJob(run=Path(run), lens=("dream",)))


def _four_numbers(frames):
    return frames.flatten(1)[:, :4]
