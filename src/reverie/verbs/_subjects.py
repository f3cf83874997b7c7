"""Who sits a probe's exam: runs, their snapshots, and the baselines that stand beside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64
from sklearn.decomposition import PCA

from reverie.core.representation import Representation
from reverie.core.seeds import numpy_generator
from reverie.data.store import DataSet
from reverie.metrics._exam import Exam, Reader, Subject
from reverie.verbs.load import Adopted, Loaded, encode_rows, load, untrained

PIXEL_FRAMES = 5000
"""Most frames that raw pixels and PCA learn from: closed forms over all pixels grow with the cube of it."""


@dataclass(frozen=True)
class Side:
    """Recordings, and the rows of the frames that count."""

    data: DataSet
    rows: Int64[np.ndarray, " row"]

    def blocks(self, size: int = 1024) -> Iterator[Float32[np.ndarray, "row pixel"]]:
        """The frames as flat vectors in [0, 1], some at a time."""
        for start in range(0, len(self.rows), size):
            block = self.data.pixels[self.rows[start : start + size]]
            yield block.reshape(len(block), -1).astype(np.float32) / 255


@dataclass(frozen=True)
class Seats:
    """An exam, the frames of its two sides, and the readers that are asked for."""

    exam: Exam
    fit: Side
    test: Side
    readers: tuple[Reader, ...]

    def codes_of(self, loaded: Loaded | Adopted) -> tuple[np.ndarray, np.ndarray]:
        """Codes of a run, of the fitting and of the testing frames."""
        return loaded.codes(self.fit.data, self.fit.rows), loaded.codes(self.test.data, self.test.rows)

    def codes(self, representation: Representation) -> tuple[np.ndarray, np.ndarray]:
        """Codes of the fitting and of the testing frames."""
        fit, test = (
            encode_rows(representation, side.data.pixels, side.rows) for side in (self.fit, self.test)
        )
        return fit, test

    def all_readers(self, subject: Subject, codes: tuple[np.ndarray, np.ndarray]) -> list[dict[str, Any]]:
        """One row for each reader."""
        return [self.exam.row(subject, reader, codes) for reader in self.readers]

    def few(self) -> Int64[np.ndarray, " few"]:
        """Positions of the fitting frames that raw pixels learn from: all, or an even choice of them."""
        count = len(self.fit.rows)
        return np.linspace(0, count - 1, min(count, PIXEL_FRAMES)).round().astype(np.int64)

    def of_few(self) -> str:
        """What labels of raw pixels and PCA say of the frames that these learnt from; "" if from all."""
        return "" if len(self.fit.rows) <= PIXEL_FRAMES else f", {PIXEL_FRAMES} frames"


def run_rows(seats: Seats, loaded: Loaded | Adopted) -> list[dict[str, Any]]:
    """The run itself, and its codes with the labels of other episodes."""
    codes = seats.codes_of(loaded)
    name, size = loaded.run.name, codes[0].shape[1]
    shuffled = Seats(seats.exam.permuted(), seats.fit, seats.test, seats.readers)
    return [
        *seats.all_readers(Subject("run", name, size), codes),
        *shuffled.all_readers(Subject("permuted", "labels of other episodes", size), codes),
    ]


def untrained_rows(seats: Seats, loaded: Loaded) -> list[dict[str, Any]]:
    """The same encoder with the weights that it started from."""
    codes = seats.codes(untrained(loaded))
    return seats.all_readers(Subject("untrained", "untrained encoder", codes[0].shape[1]), codes)


def pixel_rows(seats: Seats) -> list[dict[str, Any]]:
    """Raw pixels, read by the linear reader."""
    few = seats.few()
    exam = Exam(seats.exam.factors, seats.exam.fit.at(few), seats.exam.test, seats.exam.seed)
    fit, test = (
        np.concatenate(list(side.blocks()))
        for side in (Side(seats.fit.data, seats.fit.rows[few]), seats.test)
    )
    label = "raw pixels" + seats.of_few()
    return [exam.row(Subject("pixels", label, fit.shape[1]), "ridge", (fit, test))]


def pca_rows(seats: Seats, size: int) -> list[dict[str, Any]]:
    """Principal components of the probe's fitting frames, as many as the run's code has units.

    These are not the frames that the encoder was trained on, and at most `PIXEL_FRAMES`.
    """
    chosen = seats.fit.rows[seats.few()]
    frames = np.concatenate(list(Side(seats.fit.data, chosen).blocks()))
    size = min(size, *frames.shape)
    state = int(numpy_generator(seats.exam.seed, "probe", "pca").integers(2**31))
    components = PCA(size, svd_solver="randomized", random_state=state).fit(frames)
    fit, test = (
        np.concatenate([components.transform(block).astype(np.float32) for block in side.blocks()])
        for side in (seats.fit, seats.test)
    )
    # Shorter words where more is said, so that a table shows them whole.
    label = f"PCA, {size} units{few}" if (few := seats.of_few()) else f"PCA, {size} components"
    return seats.all_readers(Subject("pca", label, size), (fit, test))


def curve(seats: Seats, folder: Path) -> list[dict[str, Any]]:
    """R^2 of the linear reader for the weights that the run kept after each epoch, in order."""
    points = []
    for epoch, snapshot in sorted(_snapshots(folder)):
        codes = seats.codes(load(folder, snapshot).representation)
        row = seats.exam.row(Subject("run", snapshot.stem, codes[0].shape[1]), "ridge", codes)
        scores = {
            factor.name: score["r2"] for factor, score in zip(seats.exam.factors, row["scores"], strict=True)
        }
        points.append({"epoch": epoch, "scores": scores})
    return points


def _snapshots(folder: Path) -> Iterator[tuple[int, Path]]:
    """Epochs with their weights; files that are called otherwise than epoch-NUMBER are none."""
    for file in (folder / "snapshots").glob("epoch-*.safetensors"):
        if found := re.fullmatch(r"epoch-([0-9]+)", file.stem):
            yield int(found[1]), file
