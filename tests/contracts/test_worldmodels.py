"""Every world model of the house keeps every promise of the family, and the promises can be broken."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from reverie.checks.worldmodels import ALL
from reverie.core.config import from_json, to_json
from reverie.core.family import config_of, members, word_of
from reverie.core.world_model import Sequences, Surroundings, WorldModel, WorldModelConfig
from reverie.worldmodels.mdn_rnn import MDNRNNConfig

SURROUNDINGS = Surroundings(code_size=5, action_size=3, reward_mean=0.5, reward_deviation=2.0)


def variants() -> dict[str, WorldModelConfig]:
    found = {word: config_of("worldmodels", word, WorldModelConfig)() for word in members("worldmodels")}
    found["mdn-rnn, joint"] = MDNRNNConfig(mixture="joint", hidden_size=16)
    found["mdn-rnn, one normal"] = MDNRNNConfig(mixtures=1, hidden_size=16)
    return found


VARIANTS = variants()


@pytest.fixture
def batch() -> Sequences:
    generator = torch.Generator().manual_seed(0)
    ends = torch.zeros(4, 6)
    ends[2, 5] = 1.0
    everywhere = torch.ones(4, 6, dtype=torch.bool)
    return Sequences(
        mean=torch.randn(4, 7, 5, generator=generator),
        deviation=torch.full((4, 7, 5), 0.1),
        actions=torch.randn(4, 6, 3, generator=generator),
        rewards=torch.randn(4, 6, generator=generator),
        ends=ends,
        real=everywhere,
        scored=everywhere,
        seen=everywhere,
    )


def built(config: WorldModelConfig) -> WorldModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return config.build(SURROUNDINGS).eval()


@pytest.mark.parametrize("promise", ALL)
@pytest.mark.parametrize("word", VARIANTS)
def test_promise_is_kept(word, promise, batch):
    ALL[promise](built(VARIANTS[word]), batch)


@pytest.mark.parametrize("word", VARIANTS)
def test_a_config_survives_json(word):
    config = VARIANTS[word]
    assert from_json(type(config), to_json(config), word_of(config)) == config


class _Broken(WorldModel):
    """A world model with one fault, wrapped around a good one."""

    def __init__(self, model: WorldModel, fault: str) -> None:
        super().__init__()
        self.model, self.fault = model, fault
        self.code_size, self.action_size = model.code_size, model.action_size
        self.hidden_sizes = model.hidden_sizes
        if fault == "forgets a parameter":
            self.idle = nn.Linear(2, 2)

    def initial(self, batch):
        return self.model.initial(batch)

    def step(self, hidden, code, action):
        if self.fault == "remembers chance":
            code = code + 0.1 * torch.randn_like(code)
        if self.fault == "mixes rows":
            code = code + code.mean(0)
        hidden, prediction = self.model.step(hidden, code, action)
        if self.fault == "steps otherwise":
            prediction = replace(prediction, reward=prediction.reward + 1.0)
        if self.fault == "says no number":
            prediction = replace(prediction, end_logit=prediction.end_logit / 0.0)
        return hidden, prediction

    def follow(self, hidden, codes, actions):
        if self.fault == "knows the future":
            codes = codes + codes.flip(1)
        return self.model.follow(hidden, codes, actions)

    def players(self):
        players = self.model.players()
        if self.fault == "counts everything":
            whole = players[0].loss
            players = [
                replace(players[0], loss=lambda b, g: whole(replace(b, scored=torch.ones_like(b.scored)), g))
            ]
        return players


@pytest.mark.parametrize(
    ("fault", "promise"),
    [
        ("remembers chance", "chance_lies_in_the_noise"),
        ("mixes rows", "chance_lies_in_the_noise"),
        ("steps otherwise", "steps_are_what_following_says"),
        ("says no number", "predictions_have_a_row_each"),
        ("knows the future", "nothing_is_known_of_the_future"),
        ("forgets a parameter", "gradient_reaches_every_parameter"),
        ("counts everything", "only_scored_steps_count"),
    ],
)
def test_a_broken_promise_is_found(fault, promise, batch):
    with pytest.raises(AssertionError):
        ALL[promise](_Broken(built(VARIANTS["mdn-rnn, joint"]), fault), batch)  # pyright: ignore
