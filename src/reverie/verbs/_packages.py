"""Packages: what Reverie says that it needs, and what of it is installed, read from metadata alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement

PROJECT = "reverie-worlds"


@dataclass(frozen=True)
class Package:
    """A package that is asked for, and the version that is there."""

    wanted: Requirement
    version: str | None
    """Version installed; None where it is not."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.wanted.name

    @property
    def complaint(self) -> str:
        """What is wrong with it; "" when nothing is."""
        if self.version is None:
            return f"{self.name} is not installed"
        if not self.wanted.specifier.contains(self.version, prereleases=True):
            return f"{self.name} is {self.version}, wanted is {self.wanted.specifier}"
        return ""


def needed() -> list[Package]:
    """The packages that Reverie cannot work without, on this system."""
    return list(_asked_for(""))


def extras() -> dict[str, list[Package]]:
    """The packages of each extra on this system, by the extra's name."""
    core = {package.name for package in needed()}
    names = metadata(PROJECT).get_all("Provides-Extra") or []
    return {name: [package for package in _asked_for(name) if package.name not in core] for name in names}


def _asked_for(extra: str) -> Iterator[Package]:
    for line in requires(PROJECT) or ():
        wanted = Requirement(line)
        here = wanted.marker is None or wanted.marker.evaluate({"extra": extra})
        if here and wanted.name != PROJECT:
            yield Package(wanted, _version(wanted.name))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
