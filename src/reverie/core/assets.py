"""Assets: data sets and weights from REVERIE_DATA, found, checked, downloaded when asked for."""

import ast
import hashlib
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reverie.core.errors import WrongInput
from reverie.core.files import sha256, write_bytes


@dataclass(frozen=True)
class Asset:
    """A file that Reverie can use but does not contain."""

    name: str
    """Path inside REVERIE_DATA."""
    sha256: str
    """Checksum of its content; may be a prefix where the publisher gives only that."""
    address: str | None = None
    """Official address to download it from, if there is one."""


def data_folder() -> Path:
    """The folder named by REVERIE_DATA, or the user's cache folder."""
    named = os.environ.get("REVERIE_DATA")
    return Path(named).expanduser() if named else cache_folder()


def cache_folder() -> Path:
    """The user's cache folder for Reverie, always writable."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "reverie"


def find(asset: Asset) -> Path | None:
    """The asset's file if it is on this machine and whole; WrongInput if it is there but altered."""
    for folder in (data_folder(), cache_folder()):
        path = folder / asset.name
        if path.is_file():
            _compare(str(path), sha256(path), asset)
            return path
    return None


def download(asset: Asset, timeout: float = 20.0) -> Path:
    """Fetch the asset from its official address into the cache folder, and check it."""
    if asset.address is None:
        raise WrongInput(f"{asset.name} has no address to download from; put it into {data_folder()}")
    path = cache_folder() / asset.name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(asset.address, timeout=timeout) as answer:
            content = answer.read()
    except OSError as error:
        raise WrongInput(f"cannot download {asset.address} ({error}); put the file at {path}") from None
    _compare(asset.address, hashlib.sha256(content).hexdigest(), asset)
    write_bytes(path, content)
    return path


def declared() -> Iterator[Asset]:
    """Every asset that the package's source names, read without importing anything."""
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        text = file.read_bytes()
        for node in ast.walk(ast.parse(text)) if b"Asset(" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Asset":
                values = [part.value for part in node.args if isinstance(part, ast.Constant)]
                named = {part.arg: part.value.value for part in node.keywords
                         if part.arg and isinstance(part.value, ast.Constant)}  # fmt: skip
                if len(values) + len(named) >= 2:
                    yield Asset(*map(str, values), **named)


def _compare(place: str, found: str, asset: Asset) -> None:
    if not found.startswith(asset.sha256):
        raise WrongInput(f"{place} is altered: its sha256 is {found[:12]}..., not {asset.sha256[:12]}...")
