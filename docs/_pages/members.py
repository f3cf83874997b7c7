"""Members: a page of markdown for each part of a family, and one that lists the family."""

import ast
from collections.abc import Iterator

from source import ROOT, Field, Member, families, fields_of

TITLES = {
    "agents": "Policies and controllers",
    "data/sets": "Procedural sets",
    "data/formats": "Formats",
    "nn/feature_networks": "Feature networks",
    "worldmodels": "World models",
}
USES = {
    "representations": "reverie fit {word} DATA RUN",
    "terms": "reverie fit conv-ae DATA RUN --reconstruction {word}",
    "metrics": 'reverie.metric("{word}")(codes, factors).value',
    "lenses": "reverie look RUN --lens {word}",
    "agents": "reverie capture ENV DATA --policy {word}",
    "worldmodels": "reverie model {word} REPRESENTATION DATA RUN",
    "studies": "reverie study {word}",
    "data/sets": "reverie data make {word} DATA",
    "ControllerConfig": "reverie train {word} WORLD_MODEL_RUN RUN",
}
"""How a member is used, by its family, or by what its config extends where a family holds several kinds."""


def pages() -> dict[str, str]:
    """Markdown by its place in the site."""
    found = {}
    for family, members in families().items():
        found[f"catalogue/{family}/index.md"] = "\n".join(_listing(family, members))
        for member in members:
            found[f"catalogue/{family}/{member.word}.md"] = "\n".join(_page(member))
    return found


def title(family: str) -> str:
    """What a family is called."""
    return TITLES.get(family, family.rpartition("/")[2].replace("_", " ").capitalize())


def _listing(family: str, members: list[Member]) -> Iterator[str]:
    yield from (f"# {title(family)}", "")
    yield from ("| word | |", "| --- | --- |")
    for member in members:
        yield f"| [`{member.word}`]({member.word}.md) | {_cell(_first(member.text))} |"


def _page(member: Member) -> Iterator[str]:
    first, _, rest = member.text.partition("\n")
    yield from (f"# {member.word}", "", f"{first}", "", rest.strip(), "")
    bases = [ast.unparse(base) for base in member.config.bases] if member.config else []
    for use in [USES[name] for name in (*bases, member.family) if name in USES][:1]:
        yield from ("```text", use.format(word=member.word), "```", "")
    if member.config is None:
        return
    about = ast.get_docstring(member.config) or ""
    if _first(about) != first:
        yield from (about, "")
    fields = fields_of(member.config)
    if fields:
        yield from ("## Fields", "", "| field | type | default | |", "| --- | --- | --- | --- |")
        yield from map(_row, fields)
    yield from ("", f"Source file: `{member.file.relative_to(ROOT).as_posix()}`.")


def _row(field: Field) -> str:
    default = f"`{_cell(field.default)}`" if field.default else "must be given"
    return f"| `{field.name}` | `{_cell(field.type)}` | {default} | {_cell(field.help)} |"


def _first(text: str) -> str:
    return text.partition("\n")[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
