"""Hook: what mkdocs is told beside the written pages - catalogue, commands, results, decisions, changes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import commands
import members
from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent


def on_config(config):
    """Put the generated pages into the navigation."""
    made = _made()
    catalogue = []
    for place in sorted(made):
        if place.startswith("catalogue/") and place.endswith("/index.md"):
            family = place.removeprefix("catalogue/").removesuffix("/index.md")
            catalogue.append({members.title(family): _inside(made, place.removesuffix("index.md"))})
    config.nav += [
        {"Commands": _inside(made, "commands/")},
        {"Catalogue": catalogue},
        {"Results": [f"results/{file.name}" for file in sorted((DOCS / "results").glob("*.md"))]},
        {"Decisions": [f"decisions/{file.name}" for file in sorted((DOCS / "decisions").glob("*.md"))]},
        {"Project": ["glossary.md", "style.md", "contributing.md", "changelog.md"]},
    ]
    return config


def on_files(files: Files, config) -> Files:
    """Add the generated pages; nothing of them is ever written into the repository."""
    for place, text in _made().items():
        files.append(File.generated(config, place, content=text))
    return files


def _inside(made: dict[str, str], folder: str) -> list[str]:
    places = [place for place in made if place.startswith(folder) and "/" not in place.removeprefix(folder)]
    return sorted(places, key=lambda place: (not place.endswith("index.md"), place))


_PAGES: dict[str, str] = {}


def _made() -> dict[str, str]:
    if not _PAGES:
        _PAGES.update(members.pages() | commands.pages())
        _PAGES["changelog.md"] = _changelog()
        _PAGES["contributing.md"] = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return _PAGES


def _changelog() -> str:
    """The changelog, with the changes that no release has gathered yet."""
    lines = [(ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n")[0], "", "## Unreleased", ""]
    for file in sorted((ROOT / "changes").glob("*.md")):
        kind = file.stem.rpartition(".")[2]
        lines += [f"**{kind.capitalize()}.** {file.read_text(encoding='utf-8').strip()}", ""]
    return "\n".join(lines)
