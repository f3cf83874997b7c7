"""Every command that a document shows is run, at small size, in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
SMALLER = {
    r"--episodes \d+": "--episodes 4",
    r"episodes=\d+": "episodes=4",
    r"clutter@relu2": "random-squeezenet@conv1",
    r"(reverie (?:fit|model) .*)": r"\1 --epochs 1",
    r"--(hidden-size|population|generations) \d+": r"--\1 4",
    r"(reverie\.fit\(.*)\)": r"\1, epochs=1)",
}


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.S)


def smaller(text: str) -> str:
    for pattern, replacement in SMALLER.items():
        text = re.sub(pattern, replacement, text)
    return text


def run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "SDL_VIDEODRIVER": "dummy", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_commands_of_a_document_work(document, tmp_path):
    lines = [
        line for block in blocks(document, "bash") for line in smaller(block).splitlines() if line.strip()
    ]
    for line in lines:
        words = shlex.split(line, comments=True)
        assert words[0] == "reverie", f"only reverie's own commands are shown as bash: {line}"
        run([sys.executable, "-m", *words], tmp_path)
    assert lines or document.name != "README.md"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_python_of_a_document_works(document, tmp_path):
    for block in blocks(document, "python"):
        run([sys.executable, "-c", smaller(block)], tmp_path)


def test_every_link_of_a_document_leads_somewhere():
    documents = [*DOCUMENTS, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for document in documents:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_member_that_the_readme_names_is_there():
    text = (ROOT / "README.md").read_text()
    for family in ("representations", "lenses"):
        for file in (ROOT / "src" / "reverie" / family).glob("[a-z]*.py"):
            word = {"map": "2-D maps"}.get(file.stem, file.stem.replace("_", "-"))
            assert word in text, f"the README does not name {word} of {family}"
