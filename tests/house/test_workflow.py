"""What runs elsewhere: the systems and versions that we promise, with actions that nobody can exchange."""

import re
import tomllib
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="make docs installs it")

ROOT = Path(__file__).parents[2]
FILE = ROOT / ".github" / "workflows" / "tests.yml"


def test_three_systems_and_the_oldest_and_the_newest_python_are_tested():
    matrix = yaml.safe_load(FILE.read_text())["jobs"]["test"]["strategy"]["matrix"]
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    promised = sorted(line.rpartition(" ")[2] for line in classifiers if ":: 3." in line)
    assert matrix["python"] == [promised[0], promised[-1]]


def test_every_action_is_pinned_to_a_commit():
    used = re.findall(r"uses: (\S+)( # v[\d.]+)?", FILE.read_text())
    assert used and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) and tag for action, tag in used)


def test_the_workflow_may_write_nothing():
    assert yaml.safe_load(FILE.read_text())["permissions"] == {"contents": "read"}
