"""Layout: the arrays of a data set as Zarr v3 writes them, chunk by chunk."""

import json
import math
from dataclasses import dataclass

import numpy as np

from reverie.core.errors import WrongInput
from reverie.core.world import ActionSpace

ARCHIVE = "archive"
CHUNK_FRAMES = 100
LARGEST_CHUNK = 1 << 28
"""Bytes of the largest chunk, decoded; what a reader must be ready to hold."""
ZSTD_LEVEL = 3


@dataclass(frozen=True)
class ArraySpec:
    """One array of the archive: a row for every frame."""

    name: str
    dtype: str
    tail: tuple[int, ...]
    """Shape of one row."""
    axes: tuple[str, ...]
    """Names of the axes after the first, which is `frame`."""

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return math.prod(self.tail) * np.dtype(self.dtype).itemsize

    def chunk_path(self, index: int) -> str:
        """Path of a chunk inside the data set."""
        return "/".join([ARCHIVE, self.name, "c", str(index), *["0"] * len(self.tail)])

    def header_path(self) -> str:
        """Path of the array's Zarr metadata inside the data set."""
        return f"{ARCHIVE}/{self.name}/zarr.json"

    def header(self, rows: int, chunk: int) -> bytes:
        """Zarr v3 metadata of the array."""
        endian = {"configuration": {"endian": "little"}} if np.dtype(self.dtype).itemsize > 1 else {}
        zstd = {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": True}}
        grid = {"name": "regular", "configuration": {"chunk_shape": [chunk, *self.tail]}}
        return _json_bytes(
            {
                "zarr_format": 3,
                "node_type": "array",
                "shape": [rows, *self.tail],
                "data_type": self.dtype,
                "chunk_grid": grid,
                "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
                "fill_value": False if self.dtype == "bool" else 0,
                "codecs": [{"name": "bytes", **endian}, zstd],
                "dimension_names": ["frame", *self.axes],
                "attributes": {},
            }
        )


GROUP_PATH = f"{ARCHIVE}/zarr.json"


def group_header() -> bytes:
    """Zarr v3 metadata of the archive."""
    return _json_bytes({"zarr_format": 3, "node_type": "group", "attributes": {}})


def array_specs(
    frame_shape: tuple[int, int, int], action_space: ActionSpace, factors: int
) -> tuple[ArraySpec, ...]:
    """The arrays of a data set; frames are (height, width, channel).

    All have a row for every frame; the actions and rewards of an episode's last frame are zeros.
    """
    specs = [ArraySpec("frames", "uint8", frame_shape, ("height", "width", "channel"))]
    if action_space.count is not None:
        specs.append(ArraySpec("actions", "int64", (), ()))
    else:
        assert action_space.low is not None
        specs.append(ArraySpec("actions", "float32", (len(action_space.low),), ("action",)))
    specs.append(ArraySpec("rewards", "float32", (), ()))
    if factors:
        specs.append(ArraySpec("factors", "float32", (factors,), ("factor",)))
    specs.append(ArraySpec("visible", "bool", (), ()))
    return tuple(specs)


def chunk_frames(frame_shape: tuple[int, int, int]) -> int:
    """Frames in a chunk: 100, fewer where the frames are huge."""
    return max(1, min(CHUNK_FRAMES, LARGEST_CHUNK // 4 // math.prod(frame_shape)))


def encode(rows: np.ndarray, spec: ArraySpec) -> bytes:
    """A whole chunk as a Zstandard frame with its checksum."""
    from numcodecs.zstd import Zstd

    little = np.ascontiguousarray(rows, dtype=np.dtype(spec.dtype).newbyteorder("<"))
    return bytes(Zstd(level=ZSTD_LEVEL, checksum=True).encode(little.view(np.uint8).reshape(-1)))


def decode(content: bytes, spec: ArraySpec, chunk: int, name: str) -> np.ndarray:
    """The rows (chunk, *tail) of a chunk; WrongInput, naming the file, when it does not hold exactly these.

    Never allocates more than the chunk that the manifest declares.
    """
    from numcodecs.zstd import Zstd

    size = chunk * spec.row_bytes
    if _content_size(content) != size:
        raise WrongInput(f"{name} is damaged: it does not hold the {size} bytes of a chunk")
    rows = np.empty((chunk, *spec.tail), dtype=np.dtype(spec.dtype).newbyteorder("<"))
    try:
        Zstd().decode(content, out=rows.reshape(-1).view(np.uint8))
    except (RuntimeError, ValueError) as error:
        raise WrongInput(f"{name} is damaged: {' '.join(str(error).split())[:100]}") from None
    return rows.astype(spec.dtype, copy=False)


def _content_size(content: bytes) -> int | None:
    """Decoded size that a Zstandard frame declares. Source: RFC 8878, section 3.1.1.1."""
    if len(content) < 5 or content[:4] != b"\x28\xb5\x2f\xfd":
        return None
    flags = content[4]
    single = flags >> 5 & 1
    start = 5 + (1 - single) + (0, 1, 2, 4)[flags & 3]
    length = (single, 2, 4, 8)[flags >> 6]
    field = content[start : start + length]
    if not length or len(field) < length:
        return None
    return int.from_bytes(field, "little") + (256 if length == 2 else 0)


def _json_bytes(content: dict[str, object]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
