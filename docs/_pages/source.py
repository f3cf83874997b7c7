"""Source: what the package's files say of themselves, read with ast; nothing is imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "reverie"


@dataclass(frozen=True)
class Field:
    """A field of a config: its name, type, default and help."""

    name: str
    type: str
    default: str
    help: str


@dataclass(frozen=True)
class Member:
    """One file of a family."""

    family: str
    file: Path
    text: str
    """Docstring of the module."""
    config: ast.ClassDef | None

    @property
    def word(self) -> str:
        """What it is called everywhere."""
        return self.file.stem.replace("_", "-")


def families() -> dict[str, list[Member]]:
    """Every family by its folder's path inside the package ("data/sets"), with its members."""
    found = {}
    for folder in sorted(path.parent for path in PACKAGE.rglob("__init__.py")):
        family = folder.relative_to(PACKAGE).as_posix()
        files = sorted(file for file in folder.glob("*.py") if not file.stem.startswith("_"))
        members = [Member(family, file, _docstring(file), _config(file)) for file in files]
        if family == "nn/feature_networks":
            found[family] = [member for member in members if _defines(member.file, "layers")]
        elif members and all(member.config for member in members):
            found[family] = members
    return found


def fields_of(config: ast.ClassDef) -> list[Field]:
    """The fields of a config, those it inherits first."""
    found = {}
    for base in config.bases:
        name = ast.unparse(base).rpartition(".")[2]
        if name != "Config" and name in _classes():
            found |= {field.name: field for field in fields_of(_classes()[name])}
    return [*(found | {field.name: field for field in _own_fields(config)}).values()]


def _own_fields(config: ast.ClassDef) -> Iterator[Field]:
    following = [*config.body[1:], None]
    for node, after in zip(config.body, following, strict=True):
        if not isinstance(node, ast.AnnAssign) or "ClassVar" in ast.unparse(node.annotation):
            continue
        text = (
            after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        )
        default = ast.unparse(node.value) if node.value else ""
        yield Field(
            ast.unparse(node.target), ast.unparse(node.annotation), default, " ".join(str(text).split())
        )


def _config(file: Path) -> ast.ClassDef | None:
    """The one config that a member's file defines: a class called ...Config that extends another one."""
    for node in _tree(file).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Config"):
            bases = [ast.unparse(base) for base in node.bases]
            if any(base.endswith("Config") and base != "Config" for base in bases):
                return node
    return None


def _defines(file: Path, name: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in _tree(file).body)


def _docstring(file: Path) -> str:
    return ast.get_docstring(_tree(file)) or ""


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


@cache
def _classes() -> dict[str, ast.ClassDef]:
    trees = (_tree(file) for file in sorted(PACKAGE.rglob("*.py")))
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}
