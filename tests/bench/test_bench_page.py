"""The page of the bench: what was measured, and honestly what was reached."""

import json
from dataclasses import replace

import pytest

from reverie.bench import _page, worlds


@pytest.fixture(scope="module")
def measured():
    case = worlds.CASES[0]
    missing = replace(case, job=replace(case.job, env="Absent-v0"))
    short = replace(case, job=replace(case.job, episodes=2, max_steps=40))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worlds, "CASES", (short, missing))
        patch.setattr(worlds, "ROUNDS", 1)
        return json.loads(json.dumps(worlds.measure()))


def given(measured, wall, cpu):
    """The measurement with other medians against the rival of the target."""
    other = json.loads(json.dumps(measured))
    world = other["worlds"]["LunarLander-v3"]
    ratio = world["ratios"][world["rival"]]
    ratio["wall"]["median"], ratio["cpu"]["median"] = wall, cpu
    return other


@pytest.mark.parametrize(
    ("wall", "cpu", "word"),
    [
        (0.9, 0.95, "reached. 0.9 by wall clock, 0.95 by processor time; wanted is 0.9"),
        (0.89, 0.9, "reached by one clock only. 0.89 by wall clock"),
        (0.5, 0.899, "missed. 0.5 by wall clock"),
    ],
)
def test_the_page_says_what_was_reached(measured, wall, cpu, word):
    assert f"- LunarLander-v3: {word}" in _page.page_of(given(measured, wall, cpu))


def test_the_page_names_machine_versions_and_every_number(measured, tmp_path):
    file = tmp_path / "speed.json"
    file.write_text(json.dumps(measured))
    _page.main(file)
    page = (tmp_path / "speed.md").read_text()
    about, world = measured["about"], measured["worlds"]["LunarLander-v3"]
    told = [
        about["date"],
        about["machine"]["processor"],
        about["made_with"]["numpy"],
        about["made_with"]["pillow"],
    ]
    told += [str(spread["median"]) for ratio in world["ratios"].values() for spread in ratio.values()]
    told += [f"{world['microseconds_a_frame']['capture']['cpu']:.0f} |", "not measured: unknown environment"]
    assert not [one for one in told if one not in page]
