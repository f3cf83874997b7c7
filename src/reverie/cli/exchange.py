"""Doors to what comes in and goes out: adopt, export, data export and data import."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reverie.cli.answer import Answer, pairs
from reverie.core.console import Console


def adopt_door() -> Callable[..., Any]:
    """The door to `reverie adopt`."""

    def door(encoder: str, run: Path, data: tuple[Path, ...], pool: int = 4, download: bool = False):
        """Make a run of an encoder from elsewhere, by its codes of some recordings.

        Args:
            encoder: An ONNX file, or a layer of a feature network, as in squeezenet@fire3.
            run: New folder for the run.
            data: Recordings whose frames are encoded: those to be probed on and tested on.
            pool: Features with rows and columns are averaged over a grid of so many by so many places.
            download: Fetch a feature network's official weights when they are not on this machine.
        """

        def call(console: Console) -> Answer:
            from reverie.verbs.adopt import AdoptJob, adopt
            from reverie.verbs.encoders import encoder_of

            job = AdoptJob(encoder=encoder, data=data, pool=pool)
            result = adopt(encoder_of(encoder, console, download), job, run, console)
            text = "{0}: codes of {frames} frames, {code_size} units each".format(run, **result)
            return Answer(text, result)

        return call

    return door


def export_door() -> Callable[..., Any]:
    """The door to `reverie export`."""

    def door(run: Path, file: Path):
        """Write the encoder of a run as an ONNX file, for programs that have no torch.

        Args:
            run: A finished run.
            file: New file, called *.onnx; its metadata say what it takes.
        """

        def call(_: Console) -> Answer:
            from reverie.verbs.export import export

            return pairs(export(run, file))

        return call

    return door


def data_export_door() -> Callable[..., Any]:
    """The door to `reverie data export`."""

    def door(data: Path, out: Path, to: str = "png"):
        """Write a data set as other tools want it.

        Args:
            data: Folder of the data set.
            out: New folder to write to; for minari its name is the data set's, such as lander-v0.
            to: Format: png (a folder for each episode, numbers beside as CSV), or minari.
        """

        def call(console: Console) -> Answer:
            from reverie.verbs.exchange import export_data

            return pairs(export_data(data, out, to, console))

        return call

    return door


def data_import_door() -> Callable[..., Any]:
    """The door to `reverie data import`."""

    def door(folder: Path, data: Path, size: int | None = None):
        """Make a data set of exported recordings, of a Minari data set, or of a folder of images.

        Args:
            folder: What `data export` wrote, a Minari data set, or images, whose subfolders are episodes.
            data: New folder for the data set.
            size: Height and width to scale to; without it images become 64 x 64, recordings keep theirs.
        """

        def call(console: Console) -> Answer:
            from reverie.verbs.exchange import import_data

            return pairs(import_data(folder, data, size, console))

        return call

    return door
