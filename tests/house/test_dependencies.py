"""What the package imports is what it says that it needs."""

import ast
import re
import sys
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
OTHERWISE_CALLED = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "ale_py": "ale-py",
    "stable_baselines3": "stable-baselines3",
    "Box2D": "gymnasium",
    "imageio_ffmpeg": "imageio-ffmpeg",
}
GIVEN = {*sys.stdlib_module_names, "reverie"}


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_every_package_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (lines for extra, lines in project["optional-dependencies"].items() if extra != "dev")
    declared = {re.match(r"[\w-]+", line)[0] for line in chain(project["dependencies"], *extras)}
    names = {name for file in (ROOT / "src").rglob("*.py") for name in imported(file)} - GIVEN
    assert {OTHERWISE_CALLED.get(name, name) for name in names} - declared == set()
