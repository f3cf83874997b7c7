"""Strategies: values, words and files that somebody hostile, or a broken disk, may leave behind."""

import hashlib
import json
import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

DIGEST_MARK = b',\n "digest": "'

numbers = st.one_of(
    st.sampled_from([0, -1, 1, 2, 7, 255, 2**31, 2**63, 2**64, 10**12, 10**30, -(10**18)]),
    st.sampled_from([0.5, -0.0, 1e308, 1e-320, float("nan"), float("inf"), float("-inf")]),
    st.integers(-(2**70), 2**70),
)
texts = st.one_of(
    st.sampled_from(
        [
            "", ".", "..", "/", "../outside", "../../outside/new", "/etc/passwd", "outside", "~", "\x00",
            "a\x00b", "\ud800", "\x1b[2J\x1b[31m", "line\nbreak", "{0}", "%s", "CartPole-v1", "ridge", "data",
            "cuda", "perceptual:squeezenet@fire3", "../" * 50, "x" * 100_000, "nan", "conv-vae", "__init__",
            "-", "--help", "pixel:gaussian=nan", "reverie", "dense-ae", "_style", "..\\..\\outside", "CON",
        ]
    ),
    st.text(max_size=8),
)  # fmt: skip
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

BYTES = {
    "nothing": b"",
    "zeros": bytes(4096),
    "binary": bytes(range(256)) * 4,
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "null": b"null",
    "number": b"3",
    "list": b"[]",
    "object": b"{}",
    "endless number": b'{"format": 1, "verb": "fit", "job": ' + b"9" * 5000 + b"}",
    "not utf-8": b'{"verb": "\xff\xfe"}\n',
    "utf-16": '{"verb": "fit"}'.encode("utf-16"),
    "lines of lists": b"[]\n3\nnull\n{}\n",
    "events": b'{"event": "train", "epoch": NaN, "total": []}\n{"event": 3}\n',
    "png bomb": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0" + bytes(64),
}


def safetensors_bytes(header: Any, body: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with this header, and a length that may lie."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def _tensor(dtype: str, shape: list[int], offsets: list[int]) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


SAFETENSORS = {
    "declared huge": safetensors_bytes({"w": _tensor("F32", [10**12], [0, 4 * 10**12])}),
    "overflowing": safetensors_bytes({"w": _tensor("F32", [2**33, 2**33], [0, 4])}, bytes(4)),
    "header too long": safetensors_bytes({}, length=2**62),
    "odd type": safetensors_bytes({"w": _tensor("X99", [1], [0, 4])}, bytes(4)),
    "complex": safetensors_bytes({"w": _tensor("C64", [1], [0, 8])}, bytes(8)),
    "overlapping": safetensors_bytes({name: _tensor("F32", [1], [0, 4]) for name in "ab"}, bytes(4)),
    "empty": safetensors_bytes({}),
    "one odd": safetensors_bytes({"../w": _tensor("F64", [1], [0, 8])}, b"\xff" * 8),
    "no objects": safetensors_bytes([1, 2]),
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """Put a value into a place of a JSON file; `place` counts its nodes, `value` is what comes there."""

    place: int
    value: Any
    remove: bool = False

    def __call__(self, file: Path) -> None:
        content = _json_of(file)
        spots = list(_spots(content))
        if not spots:
            return
        parent, key = spots[self.place % len(spots)]
        if self.remove:
            del parent[key]
        elif not _endless(key, self.value):
            parent[key] = self.value
        _write_json(file, content)


@dataclass(frozen=True)
class Cut:
    """Cut a file off; `part` is how much of it stays."""

    part: float

    def __call__(self, file: Path) -> None:
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * self.part)])


@dataclass(frozen=True)
class Flip:
    """Flip one bit."""

    place: int
    bit: int

    def __call__(self, file: Path) -> None:
        content = bytearray(file.read_bytes())
        if content:
            content[self.place % len(content)] ^= 1 << self.bit
            file.write_bytes(bytes(content))


@dataclass(frozen=True)
class Content:
    """Other bytes, by the name that `BYTES` or `SAFETENSORS` gives them."""

    name: str

    def __call__(self, file: Path) -> None:
        file.write_bytes((BYTES | SAFETENSORS)[self.name])


LINKS = ("link out", "link to itself", "dangling link", "link in waiting", "folder is a link")
KINDS = ("nothing", "folder", "pipe", *LINKS)


@dataclass(frozen=True)
class Become:
    """Something else than a file: nothing, a folder, a pipe, a link; or its temporary name or folder does."""

    kind: str

    def __call__(self, file: Path) -> None:
        outside = Path.cwd().parent / "outside" / "secret.json"
        if self.kind == "link in waiting":
            waiting = file.with_name(f"{file.name}.tmp")
            waiting.unlink(missing_ok=True)
            waiting.symlink_to(outside)
            return
        if self.kind == "folder is a link":
            shutil.rmtree(file.parent)
            file.parent.symlink_to(outside.parent)
            return
        file.unlink()
        if self.kind == "folder":
            file.mkdir()
        elif self.kind == "pipe":
            os.mkfifo(file)
        elif self.kind != "nothing":
            targets = {"link out": outside, "link to itself": file.name, "dangling link": "nowhere"}
            file.symlink_to(targets[self.kind])


attacks = st.one_of(
    st.builds(Change, st.integers(0, 400), values),
    st.builds(Change, st.integers(0, 400), scalars),
    st.builds(Change, st.integers(0, 400), st.none(), st.just(True)),
    st.builds(Cut, st.floats(0, 1, exclude_max=True)),
    st.builds(Flip, st.integers(0, 10**6), st.integers(0, 7)),
    st.builds(Content, st.sampled_from([*BYTES, *SAFETENSORS])),
    st.builds(
        Become,
        st.sampled_from(KINDS),
    ),
)


def _endless(key: Any, value: Any) -> bool:
    """Whether the change asks for honest work without end, which is no attack."""
    long = isinstance(value, int | float) and not abs(value) <= 100
    return key in ("epochs", "episodes", "max_steps", "patience") and long


def _json_of(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return {}


def _spots(content: Any) -> Any:
    """Every place of a JSON tree, as the parent and the key in it."""
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content if isinstance(content, list) else ())
    )
    for key, value in list(items):
        yield content, key
        yield from _spots(value)


def _write_json(file: Path, content: Any) -> None:
    """Write JSON and make the digest in it right again, so that the values themselves are judged."""
    if isinstance(content, dict) and isinstance(content.pop("digest", None), str):
        if file.name == "manifest.json":
            body = json.dumps(content)[:-1].encode()
            digest = hashlib.sha256(body).hexdigest().encode()
            file.write_bytes(body + DIGEST_MARK + digest + b'"\n}\n')
            return
        text = json.dumps(content, sort_keys=True).encode()
        content["digest"] = hashlib.sha256(text).hexdigest()
    file.write_text(json.dumps(content))


def repair(file: Path, place: Path) -> None:
    """Make the checksums that a data set, a run or a checkpoint keep of a file right again."""
    if not file.is_file() or file.is_symlink():
        return
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for keeper in (place / "result.json", file.parent / "state.json"):
        content = _json_of(keeper) if keeper.is_file() else {}
        sums = content.get("sha256") if isinstance(content, dict) else None
        for name in (file.relative_to(place).as_posix(), file.stem):
            if isinstance(sums, dict) and name in sums:
                sums[name] = digest
                _write_json(keeper, content)
    manifest = place / "manifest.json"
    content = _json_of(manifest) if manifest.is_file() else {}
    listed = content.get("files", {}) if isinstance(content, dict) else {}
    path = file.relative_to(place).as_posix()
    if isinstance(listed, dict) and path in listed:
        listed[path] = [file.stat().st_size, digest]
        _write_json(manifest, content)
