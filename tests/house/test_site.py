"""The documents build strictly, tell of everything that is there, and fetch nothing when they are read."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reverie.cli.commands import COMMANDS
from reverie.core.family import config_of, members
from reverie.core.representation import RepresentationConfig

pytest.importorskip("material", reason="make docs installs what builds the documents")

ROOT = Path(__file__).parents[2]
FAMILIES = ("representations", "terms", "metrics", "lenses", "agents", "studies")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(place)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return place


def words_on(page: Path) -> str:
    text = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))
    return " ".join(html.unescape(text).split())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_has_a_page_that_says_what_it_is(site, family):
    for word, line in members(family).items():
        page = site / "catalogue" / family / f"{word}.html"
        assert page.is_file(), f"no page of {word}"
        assert line.split("`")[0].rstrip() in words_on(page)


def test_every_field_of_a_method_stands_on_its_page(site):
    for word in members("representations"):
        page = words_on(site / "catalogue" / "representations" / f"{word}.html")
        for field in config_of("representations", word, RepresentationConfig).__dataclass_fields__:
            assert f" {field} " in page, f"{word} does not tell of {field}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_page_with_its_help(site, name):
    text = words_on(site / "commands" / f"{name}.html")
    assert f"usage: reverie {name}" in text
    command = COMMANDS[name]
    for word in command.words():
        assert f"usage: reverie {name} {word}" in text


def test_nothing_is_fetched_from_elsewhere_by_a_page(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r'<(?:script|img|iframe)[^>]+src="(https?:[^"]+)', text)
        fetched += re.findall(r'<link[^>]+href="(https?:[^"]+)', text)
        assert fetched == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?https?:", style.read_text(encoding="utf-8")), style


def test_what_is_generated_is_not_in_the_repository():
    assert not (ROOT / "docs" / "catalogue").exists() and not (ROOT / "docs" / "commands").exists()
