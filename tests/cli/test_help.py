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
        assert all(f"  {word} " in text for word in set(members(family)) - {"kl", "linear-cma"})


def test_what_rebuilds_nothing_is_no_word_of_reconstruction():
    assert "  pixel " in "\n".join(listing("fit")) and "  kl " not in "\n".join(listing("fit"))


def test_every_feature_network_is_listed_with_its_layers():
    from reverie.verbs.feature_network import NAMES

    text = "\n".join(listing("fit"))
    assert all(f"  {name} " in text for name in NAMES if not name.startswith("random-"))
    assert "conv1" in text and "relu4" in text


@pytest.mark.parametrize(("command", "name"), [("probe", "RUNS"), ("report", "RUNS"), ("adopt", "DATA")])
def test_several_things_that_must_be_given_look_like_it(command, name, capsys):
    assert main([command, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"[{name}]" not in said and f" {name}... " in said.partition("positional")[0]
    assert "(required)" in said.partition(f"{name}... ")[2].partition(" options")[0]
    assert "(default: )" not in said


def test_a_place_that_may_be_left_out_says_what_is_taken_then(capsys):
    assert main(["runs", "--help"]) == 0
    assert "[FOLDER]" in (said := capsys.readouterr().out) and "(default: runs)" in said


def test_a_switch_that_is_on_says_how_to_switch_it_off(capsys):
    assert main(["probe", "--help"]) == 0
    assert "--no-baselines leaves" in " ".join(capsys.readouterr().out.split())


def test_one_is_one():
    assert [counted(number, "episode") for number in (0, 1, 2)] == ["0 episodes", "1 episode", "2 episodes"]


def test_a_long_unit_is_wrapped_and_not_cut():
    unit = "(half widths of the screen from its middle)"
    lines = _units(10, ["(m)", unit])
    assert " ".join(" ".join(line.split()) for line in lines).replace("(m) ", "") == unit
    assert all(len(line) <= 10 + 2 * COLUMN for line in lines)
