"""Help tells the words that flags take, and nothing that must be given looks as if it could be left out."""

import pytest

from reverie.cli import main
from reverie.cli.words import TAKES, listing
from reverie.core.console import counted
from reverie.core.family import members
from reverie.reports.table import COLUMN, _units


@pytest.mark.parametrize("name", TAKES)
def test_every_word_that_a_flag_takes_is_listed(name):
    text = "\n".join(listing(name))
    for flag, family in TAKES[name].items():
        assert f"words for {flag}:" in text
        assert all(f"  {word} " in text for word in members(family))


def test_every_feature_network_is_listed_with_its_layers():
    from reverie.verbs.feature_network import NAMES

    text = "\n".join(listing("fit"))
    assert all(f"  {name} " in text for name in NAMES if not name.startswith("random-"))
    assert "conv1" in text and "relu4" in text


def test_the_runs_of_a_probe_must_be_given(capsys):
    assert main(["probe", "--help"]) == 0
    said = capsys.readouterr().out
    assert "[RUNS]" not in said and "RUNS..." in said
    assert "--no-baselines leaves" in " ".join(said.split())


def test_one_is_one():
    assert [counted(number, "episode") for number in (0, 1, 2)] == ["0 episodes", "1 episode", "2 episodes"]


def test_a_long_unit_is_wrapped_and_not_cut():
    unit = "(half widths of the screen from its middle)"
    lines = _units(10, ["(m)", unit])
    assert " ".join(" ".join(line.split()) for line in lines).replace("(m) ", "") == unit
    assert all(len(line) <= 10 + 2 * COLUMN for line in lines)
