"""Doctor: one page of truth about this installation, and the remedy for what is broken."""

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from reverie.core import assets
from reverie.core.console import QUIET, Console, counted
from reverie.core.errors import WrongInput
from reverie.verbs import _packages

State = Literal["fine", "absent", "broken"]

OLDEST, NEWEST = (3, 11), (3, 13)
"""Versions of Python that Reverie is tested with."""
ENOUGH_DISK = 1_000_000_000
"""Bytes below which a disk is said to be full: a small recording and its cache take some hundred million."""


@dataclass(frozen=True)
class Finding:
    """One line of the page."""

    name: str
    state: State
    """Fine; absent, where Reverie works without it; broken, where it does not."""
    found: str
    """What is there, in words."""
    remedy: str = ""
    """What to do; "" where nothing is to be done."""


def doctor(console: Console = QUIET) -> dict[str, Any]:
    """Look at Python, packages, devices, weights, folders and disks, then work for about a second.

    The self-test captures, fits and probes something tiny in a temporary folder. Returns the findings and
    whether everything that Reverie needs works; nothing is changed, and nothing is raised.
    """
    findings = []
    parts = (_python, _packages_, _torch, _devices, _extras, _data, _folders, _self_test)
    with console.track("doctor", len(parts)) as tracker:
        for part in parts:
            findings += _guarded(part)
            tracker.advance(note=part.__name__.strip("_").replace("_", "-"))
    broken = [finding for finding in findings if finding.state == "broken"]
    return {"works": not broken, "findings": [asdict(finding) for finding in findings]}


def page(result: dict[str, Any]) -> str:
    """The findings as aligned lines; remedies stand under what they mend."""
    findings = [Finding(**finding) for finding in result["findings"]]
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<6}  {finding.name:<{width}}  {finding.found}")
        if finding.remedy:
            lines.append(f"{'':<6}  {'':<{width}}  -> {finding.remedy}")
    broken = sum(finding.state == "broken" for finding in findings)
    return "\n".join([*lines, "", "everything works" if not broken else f"broken: {broken}; see the arrows"])


def _guarded(part: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """The findings of a part; one that itself breaks is a finding, for a doctor must not fall ill."""
    try:
        return list(part())
    except Exception as error:
        name = part.__name__.strip("_").replace("_", "-")
        return [Finding(name, "broken", _sentence(error), "install anew: make setup, or pip install -e .")]


def _python() -> Iterator[Finding]:
    running = sys.version_info[:2]
    fine = OLDEST <= running <= NEWEST
    span = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    yield Finding(
        "python",
        "fine" if fine else "broken",
        f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}",
        "" if fine else f"use Python {span}",
    )


def _packages_() -> Iterator[Finding]:
    needed = _packages.needed()
    wrong = [package.complaint for package in needed if package.complaint]
    if wrong:
        remedy = "pip install --upgrade reverie-worlds, or make setup"
        yield Finding("packages", "broken", "; ".join(wrong), remedy)
    else:
        yield Finding("packages", "fine", f"all {len(needed)} that Reverie needs")


def _torch() -> Iterator[Finding]:
    import torch

    cores = os.cpu_count() or 1
    threads = torch.get_num_threads()
    yield Finding(
        "torch", "fine", f"{torch.__version__}; {counted(threads, 'thread')}, {counted(cores, 'core')}"
    )


def _devices() -> Iterator[Finding]:
    import torch

    found = ["cpu"]
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        about = torch.cuda.get_device_properties(index)
        found.append(f"cuda {about.name} ({about.total_memory / 1e9:.0f} GB)")
    if torch.backends.mps.is_available():
        found.append("mps")
    yield Finding("devices", "fine", ", ".join(found))


def _extras() -> Iterator[Finding]:
    for name, packages in _packages.extras().items():
        wrong = [package.complaint for package in packages if package.complaint]
        remedy = f"pip install '{_packages.PROJECT}[{name}]'" if wrong else ""
        there = ", ".join(f"{package.name} {package.version}" for package in packages)
        yield Finding(f"extra {name}", "absent" if wrong else "fine", "; ".join(wrong) or there, remedy)


def _data() -> Iterator[Finding]:
    named, folder = os.environ.get("REVERIE_DATA"), assets.data_folder()
    why = "named by REVERIE_DATA" if named else "the default, as REVERIE_DATA is not set"
    if folder.is_dir():
        held = ", ".join(sorted(place.name for place in folder.iterdir())) or "nothing yet"
        yield Finding("data", "fine", f"{folder} ({why}) holds {held}")
    elif named:
        remedy = "make the folder, or set REVERIE_DATA to one that is there"
        yield Finding("data", "broken", f"{folder} ({why}) is not a folder", remedy)
    else:
        yield Finding("data", "absent", f"{folder} ({why}) is made when it is needed")
    for asset in assets.declared():
        yield _asset(asset)


def _asset(asset: assets.Asset) -> Finding:
    try:
        path = assets.find(asset)
    except WrongInput as error:
        return Finding(asset.name, "broken", str(error), "remove the file, then put a whole one there")
    if path is not None:
        return Finding(asset.name, "fine", f"whole (sha256 {asset.sha256[:8]}…) in {path.parent}")
    remedy = f"put it into {assets.data_folder()}" + (", or let --download fetch it" if asset.address else "")
    return Finding(asset.name, "absent", "not on this machine", remedy)


def _folders() -> Iterator[Finding]:
    places = {"here": Path.cwd(), "cache": assets.cache_folder(), "temporary": Path(tempfile.gettempdir())}
    for name, place in places.items():
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        free = shutil.disk_usage(there).free
        found = f"{place}, {free / 1e9:.1f} GB free"
        if not _writable(there):
            yield Finding(f"folder {name}", "broken", f"{place} cannot be written", _elsewhere(name))
        elif free < ENOUGH_DISK:
            yield Finding(f"folder {name}", "broken", f"{found}: almost full", "free some space")
        else:
            yield Finding(f"folder {name}", "fine", found)


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _elsewhere(name: str) -> str:
    remedies = {
        "here": "run reverie in a folder of yours",
        "cache": "set XDG_CACHE_HOME to a folder of yours",
        "temporary": "set TMPDIR to a folder of yours",
    }
    return remedies[name]


def _self_test() -> Iterator[Finding]:
    """A capture, a fit and a probe, as small as they can be."""
    from reverie.engine.plan import Plan
    from reverie.representations.dense_ae import DenseAEConfig
    from reverie.verbs.capture import CaptureJob, capture
    from reverie.verbs.fit import Conditions, FitJob, fit
    from reverie.verbs.probe import ProbeJob, probe

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reverie-doctor-", ignore_cleanup_errors=True) as name:
        data, run = Path(name) / "data", Path(name) / "run"
        capture(CaptureJob(env="CartPole-v1", episodes=4, size=8, max_steps=10), data)
        conditions = Conditions(device="cpu", threads=1)
        fit(
            FitJob(data=data, representation=DenseAEConfig(), plan=Plan(epochs=1), conditions=conditions), run
        )
        probe(ProbeJob(runs=(run,), data=data, probe="ridge"))
    seconds = time.monotonic() - began
    yield Finding("self-test", "fine", f"captured, fitted and probed in {seconds:.1f} s")


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
