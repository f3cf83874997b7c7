"""Families: a folder of parts of one kind, one file each; the file's name is the part's name everywhere."""

import ast
import inspect
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from reverie.core.config import Config
from reverie.core.errors import unknown

C = TypeVar("C", bound=Config)

SINGULAR = {
    "agents": "policy",
    "lenses": "lens",
    "studies": "study",
    "worldmodels": "world model",
    "data.formats": "format",
    "data.sets": "set",
}
"""What a member of a family is called in an error."""


def members(family: str, base: str = "") -> dict[str, str]:
    """Words of a family with their first docstring line, read without importing anything.

    `family` is the folder's name ("representations"); `base`, where several kinds live in one folder, names
    the class that a kind's configs extend. Outside packages join by the entry-point group
    `reverie.representations`.
    """
    words = {}
    for file in sorted(_folder(family).glob("*.py")):
        if not file.stem.startswith("_") and (not base or base in _bases(file)):
            words[file.stem.replace("_", "-")] = first_line(file)
    for point in entry_points(group=f"reverie.{family}"):
        words.setdefault(point.name, f"from {point.value}")
    return words


def config_of(family: str, word: str, base: type[C]) -> type[C]:
    """The one config in the file that `word` names.

    Raises WrongInput for an unknown word, with the nearest known one.
    """
    known = members(family)
    if word not in known:
        raise unknown(SINGULAR.get(family, family.removesuffix("s")), word, known)
    outside = {point.name: point.value for point in entry_points(group=f"reverie.{family}")}
    path = outside.get(word, f"reverie.{family}.{word.replace('-', '_')}")
    module = import_module(path)
    found = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, base) and member.__module__ == module.__name__
    ]
    assert len(found) == 1, f"{module.__name__} must define one {base.__name__}, found {len(found)}"
    return found[0]


def word_of(config: Config) -> str:
    """The word of the file that a config comes from."""
    return type(config).__module__.rpartition(".")[2].strip("_").replace("_", "-")


def first_line(file: Path) -> str:
    """First line of a module's docstring, without running the module."""
    return (ast.get_docstring(ast.parse(file.read_bytes())) or "").partition("\n")[0]


def _bases(file: Path) -> set[str]:
    """Names of all that the classes of a file extend, without running it."""
    classes = (node for node in ast.parse(file.read_bytes()).body if isinstance(node, ast.ClassDef))
    return {ast.unparse(base) for node in classes for base in node.bases}


def _folder(family: str) -> Path:
    spec = find_spec(f"reverie.{family}")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent
