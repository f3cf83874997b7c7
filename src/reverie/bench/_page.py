"""Page: what the bench of worlds measured, as a page of the documentation.

`python -m reverie.bench._page docs/results/speed.json` writes docs/results/speed.md beside it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reverie.core.files import read_json

CLOCKS = {"wall": "wall clock", "cpu": "processor time"}

ABOUT = """\
Frames a second of `reverie capture` over those of two bare loops that play the very same episodes, each in
one process, {rounds} times in turns. A ratio is the median of the turns, with the least and the most in
brackets; 1 is as fast, below 1 is slower. The first episode of each side is not counted (engines start,
caches fill), the last write and its wait for the disk are. Processor time counts the processes that were
started too, as Doom's engine is.

- **The same frames by hand** is what a careful person would write: step, take the picture, make the frame of
  it with NumPy and Pillow, and forget it. A test holds its frames against the recorded ones, byte by byte.
  For Atari that is the chain of the thesis: the maximum of two frames, BT.709 luminance, 84 x 84 pixels; for
  the others 64 x 64 pixels.
- **The engine alone** takes the picture and does nothing to it. For Doom that is ViZDoom's own game at
  160 x 120 pixels, not Gymnasium's wrapper.

What a capture does beside that: it reads and records the truth of every frame, stages whole episodes on disk,
compresses (Zstandard), hashes, and waits for the disk before it promises anything."""


def page_of(measured: dict[str, Any]) -> str:
    """The page, from the object that `reverie bench worlds --json` tells."""
    about, worlds = measured["about"], measured["worlds"]
    lines = ["# Speed of recording", "", ABOUT.format(rounds=about["rounds"]), ""]
    lines += [_verdict(name, world) for name, world in worlds.items()]
    lines += [f"- {name}: {said}" for name, said in measured.items() if isinstance(said, str)
              and said.startswith("not measured")]  # fmt: skip
    lines += [
        "",
        *_table(_ratios(worlds)),
        "",
        "Microseconds a frame, wall clock / processor time (medians):",
        "",
    ]
    lines += [*_table(_costs(worlds)), "", _machine(about), ""]
    return "\n".join(lines)


def _verdict(name: str, world: dict[str, Any]) -> str:
    ratio = world["ratios"][world["rival"]]
    met = {clock: ratio[clock]["median"] >= world["target"] for clock in CLOCKS}
    word = (
        "reached" if all(met.values()) else "missed" if not any(met.values()) else "reached by one clock only"
    )
    told = ", ".join(f"{ratio[clock]['median']} by {said}" for clock, said in CLOCKS.items())
    return f"- {name}: {word}. {told}; wanted is {world['target']} of {world['rival']}."


def _ratios(worlds: dict[str, Any]) -> Iterator[dict[str, str]]:
    for name, world in worlds.items():
        row = {"world": name, "frames": str(world["frames"])}
        for rival, ratio in world["ratios"].items():
            for clock, said in CLOCKS.items():
                spread = ratio[clock]
                row[f"of {rival}, {said}"] = f"{spread['median']} ({spread['least']} to {spread['most']})"
        yield row


def _costs(worlds: dict[str, Any]) -> Iterator[dict[str, str]]:
    for name, world in worlds.items():
        costs = world["microseconds_a_frame"].items()
        row = {side: f"{cost['wall']:.0f} / {cost['cpu']:.0f}" for side, cost in costs}
        yield {"world": name, **row, "start of a capture, s": str(world["seconds_of_start"])}


def _table(rows: Iterator[dict[str, str]]) -> list[str]:
    cells = list(rows)
    if not cells:
        return []
    lines = [list(cells[0]), ["---"] * len(cells[0]), *(list(row.values()) for row in cells)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _machine(about: dict[str, Any]) -> str:
    machine, made_with = about["machine"], about["made_with"]
    before, after = machine["load"]
    versions = ", ".join(f"{name} {number}" for name, number in made_with.items())
    return (
        f"`reverie bench worlds --json`, {about['date']}, on {machine['processor']}, {machine['cores']} "
        f"cores, {machine['system']}; {versions}. Processes that wanted a core, this one too: {before} "
        f"before, {after} after. Where these are more than the cores, the wall clock counts much waiting for "
        "others, most of all for Doom, whose two processes take turns; processor time is the fairer number."
    )


def main(file: Path) -> None:
    """Write the page of a file beside it."""
    file.with_suffix(".md").write_text(page_of(read_json(file, "result of the bench")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
