"""Every representation of the house keeps every promise of the family."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reverie.checks.representations import ALL
from reverie.core.config import from_json, to_json
from reverie.core.console import QUIET
from reverie.core.family import config_of, members, word_of
from reverie.core.representation import EncoderOnly, Representation, RepresentationConfig
from reverie.core.term import Materials
from reverie.terms import parse
from reverie.verbs.feature_network import feature_network

SHAPE = (3, 64, 64)


def stand_in(name: str):
    """A random network of the trained one's shape: the promises do not ask what features mean."""
    return feature_network(f"random-{name}", QUIET)


def default(word: str) -> RepresentationConfig:
    return config_of("representations", word, RepresentationConfig)()


def variants() -> dict[str, RepresentationConfig]:
    """Every member with its defaults, and once with every switch that it has turned on."""
    switches = {
        "input_noise": 0.1, "batch_norm": True, "free_bits": 0.01, "beta": 0.5, "hidden": (24,),
        "pair": "augmentations", "gap": 2,
    }  # fmt: skip
    found = {}
    for word in members("representations"):
        config = default(word)
        found[word] = config
        fields = vars(config).keys() & switches.keys()
        found[f"{word} switched"] = replace(config, **{name: switches[name] for name in fields})
    found["conv-vae with a capacity"] = replace(found["conv-vae"], capacity=3.0, capacity_steps=5)
    for wiring in ("f-f-fp", "f-i-ps", "f-i-pw"):
        small = {"wiring": wiring, "hidden_size": 48, "features": "squeezenet@pool3:channel"}
        found[f"feature-ae {wiring}"] = replace(found["feature-ae"], beta=0.5, **small)
    return found


VARIANTS = variants()


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    return torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(3))


def built(config: RepresentationConfig) -> Representation:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if config.term is None:
            return config.build(SHAPE)
        return config.build(SHAPE, parse(config.term).build(Materials(stand_in, pixels)))


@pytest.mark.parametrize("promise", ALL)
@pytest.mark.parametrize("variant", VARIANTS)
def test_promise(variant, promise, frames):
    ALL[promise](built(VARIANTS[variant]), frames)


@pytest.mark.parametrize("word", members("representations"))
def test_a_config_survives_json(word):
    config = default(word)
    assert from_json(type(config), to_json(config), word) == config
    assert word_of(config) == word


@pytest.mark.parametrize("word", members("representations"))
def test_without_a_reconstruction_term_it_encodes_and_learns_only_if_it_does_not_rebuild(word, frames):
    representation = default(word).build(SHAPE)
    assert len(representation.encode(frames).mean) == len(frames)
    if default(word).term is None:
        assert isinstance(representation, EncoderOnly) and representation.players()
        return
    with pytest.raises(AssertionError, match="can encode, not learn"):
        representation.players()


@pytest.mark.parametrize("word", members("representations"))
def test_building_leaves_nothing_to_chance_but_the_callers_seed(word):
    first, second = (built(default(word)).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
