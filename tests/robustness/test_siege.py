"""Whatever lies in the files and words that a command is given, it ends in time with one of four statuses.

No traceback, no hang, no write outside the folder, no memory for what a file merely declares.
"""

from pathlib import Path

import pytest
from hostile import Content, attacks, numbers, repair, texts
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from specimen import here

from reverie.cli.commands import COMMANDS
from reverie.core.family import members

LINES = (
    "data info data",
    "data check data",
    "data check part",
    "resume part",
    "resume half",
    "resume run",
    "fit dense-ae data new --epochs 1 --threads 1",
    "probe run twin --data data --probe ridge --no-baselines",
    "look run --lens reconstruction --count 9",
    "report run twin",
    "runs .",
    "data import images new --size 8",
    "data import png new",
    "data export data new",
    *(["data export data new-v0 --to minari", "data import poles-v0 new"] if here("minari") else []),
    *(["adopt encoder.onnx new data"] if here("onnx") else []),
)
ELSEWHERE = (
    "demo",
    "study",
    "bench",
    "doctor",
    "capture",
    "probe",
    "look",
    "report",
    "runs",
    "data",
    "fit",
    "resume",
    "adopt",
    "export",
)
"""Commands that read no files of a user, and those above."""

CASES = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)


def files_of(place: Path, line: str) -> list[Path]:
    """The files that a command line is about, in a fixed order; none that a link leads to."""
    roots = [place / word for word in line.split()]
    files = [file for root in roots for file in (root, *root.rglob("*"))]
    found = {file for file in files if file.is_file() and file.resolve() == file}
    return sorted(found)


def strangers() -> list[str]:
    """Lines for commands that came after this file was written."""
    found = []
    for name, command in COMMANDS.items():
        if name not in ELSEWHERE:
            words = list(members(command.family)) if command.family else list(command.choices)
            found += [f"{name} {word} run new" for word in words] or [f"{name} run"]
    known = {line.split()[1] for line in LINES if line.startswith("data ")}
    return found + [f"data {word} data new" for word in COMMANDS["data"].choices if word not in known]


broken_files = st.lists(st.tuples(st.integers(0, 10**4), attacks, st.booleans()), min_size=1, max_size=3)


def tampering(line, breakage):
    def tamper(place):
        for number, attack, repaired in breakage:
            files = files_of(place, line)
            if not files:
                return
            file = files[number % len(files)]
            attack(file)
            if repaired:
                repair(file, place / file.relative_to(place).parts[0])

    return tamper


@given(st.sampled_from(LINES), broken_files)
@settings(CASES, max_examples=200)
def test_broken_files(siege, line, breakage):
    siege.lay(line.split(), tampering(line, breakage))


@pytest.mark.learning
@pytest.mark.parametrize("part", range(10))
def test_five_thousand_broken_files(siege, part):
    """Ten times five hundred, so that each part goes on where another found something; nothing is shrunk."""

    @seed(part)
    @given(st.sampled_from(LINES), broken_files)
    @settings(CASES, max_examples=500, derandomize=False, phases=[Phase.generate])
    def besiege(line, breakage):
        siege.lay(line.split(), tampering(line, breakage))

    besiege()


WORDS = (*LINES, "capture CartPole-v1 new --episodes 2 --size 8 --max-steps 5", "look run --count 9 --seed 1")


@given(st.sampled_from(WORDS), st.integers(0, 20), st.one_of(texts, numbers.map(str)))
@settings(CASES, max_examples=100)
def test_broken_words(siege, line, place, word):
    words = line.split()
    position = place % len(words)
    elsewhere = any(sign in word for sign in ("..", "/", "~", "\x00"))  # a user may write where they like
    if words[position - 1] not in ("--episodes", "--epochs", "--max-steps") and not elsewhere:
        words[position] = word
    siege.lay(words, lambda _: None)


@pytest.mark.parametrize("line", [*strangers(), "export run new.onnx"])
def test_a_command_that_is_new_here_is_besieged_too(siege, line):
    for attack in ("nothing", "deep", "list", "binary"):
        siege.lay(line.split(), tampering(line, [(0, Content(attack), True)]))
