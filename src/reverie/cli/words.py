"""Words: what the flags of a command take beside numbers and paths, read from the families."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from reverie.core.family import config_of, members

TAKES = {
    "capture": {"--policy": "agents"},
    "evaluate": {"SUBJECT": "agents"},
    "fit": {"--reconstruction": "terms"},
    "look": {"--lens": "lenses"},
}
"""Flags whose words are members of a family, by the command's name."""


def listing(name: str) -> list[str]:
    """Lines for the end of a command's help: the words that its flags take."""
    lines = []
    for flag, family in TAKES.get(name, {}).items():
        words = KINDS[family]() if family in KINDS else members(family)
        lines += ["", f"words for {flag}:", *_columns(words)]
    heading = "networks for --reconstruction perceptual:NETWORK@LAYER and --features NETWORK@LAYER:"
    return lines + (["", heading, *_networks()] if name == "fit" else [])


def _reconstructions() -> dict[str, str]:
    """The terms that say how well frames are rebuilt."""
    from reverie.core.term import TermConfig

    known = members("terms").items()
    return {word: line for word, line in known if config_of("terms", word, TermConfig).rebuilds}


def _networks() -> list[str]:
    """The feature networks with their layers, as the function that builds them tells."""
    spec = find_spec("reverie.nn")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "feature_networks"
    return _columns({file.stem: text for file in sorted(folder.glob("*.py")) for text in _layers(file)})


def _layers(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == "layers":
            yield (ast.get_docstring(node) or "").partition("\n")[0]


def _policies() -> dict[str, str]:
    """The policies that act without having learnt."""
    return members("agents", "PolicyConfig")


def _columns(words: dict[str, str]) -> list[str]:
    width = max(map(len, words))
    return [f"  {word:<{width}}  {line}" for word, line in words.items()]


KINDS = {"terms": _reconstructions, "agents": _policies}
"""Families of which a flag takes only some members."""
