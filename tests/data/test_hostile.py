"""A manifest that anybody may have written is refused in one sentence, without eating the memory."""

import hashlib
import json

import numpy as np
import pytest
from numcodecs.zstd import Zstd

from reverie.core.errors import WrongInput
from reverie.data.store import open_data
from reverie.engine.estimate import peak_memory

MARK = b',\n "digest": "'


def forge(folder, change):
    """Change the manifest and make its digest right again."""
    path = folder / "manifest.json"
    content = json.loads(path.read_bytes())
    del content["digest"]
    change(content)
    body = json.dumps(content)[:-1].encode()
    path.write_bytes(body + MARK + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n')


def put(*path, value):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


HOSTILE = {
    "huge frames": put("frame_shape", value=[10**9, 10**9, 3]),
    "wide frames": put("frame_shape", value=[16384, 16384, 3]),
    "huge chunk": put("chunk", value=10**18),
    "large chunk": put("chunk", value=3_000_000),
    "endless episode": put("episodes", value=[[0, 10**12, "terminated"]]),
    "negative episode": put("episodes", 0, 1, value=-5),
    "overlapping episodes": put("episodes", 1, 0, value=0),
    "odd ending": put("episodes", 0, 2, value="exploded"),
    "float shape": put("frame_shape", value=[6.0, 5, 3]),
    "true shape": put("frame_shape", value=[True, 5, 3]),
    "text shape": put("frame_shape", value="655"),
    "five hundred channels": put("frame_shape", value=[6, 5, 500]),
    "no factors": put("factors", value=None),
    "many factors": put("factors", value=[{"name": str(i), "unit": ""} for i in range(20000)]),
    "twins": put("factors", value=[{"name": "x", "unit": "m"}] * 2),
    "odd actions": put("actions", value={"count": 0}),
    "text actions": put("actions", value={"low": ["a"], "high": [1]}),
    "path up": put("files", "../../etc/passwd", value=[1, "0" * 64]),
    "path absolute": put("files", "/etc/passwd", value=[1, "0" * 64]),
    "path inside": put("files", "archive/frames/c/../../../../x", value=[1, "0" * 64]),
    "path around": put("files", "archive/frames/c/0/0/0/0/../../../../../../../x", value=[1, "0" * 64]),
    "odd checksum": put("files", "job.json", value=[1, "xyz"]),
    "odd size": put("files", "job.json", value=[-1, "0" * 64]),
    "files a list": put("files", value=[]),
    "no files": put("files", value={}),
    "future": put("format", value="reverie-data 99"),
    "extra": put("pickle", value="..."),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_is_refused_in_one_sentence(folder, name):
    forge(folder, HOSTILE[name])
    with pytest.raises(WrongInput) as error:
        open_data(folder)
    assert str(folder) in str(error.value) and "\n" not in str(error.value)
    assert len(str(error.value)) < len(str(folder)) + 300


@pytest.mark.parametrize("key", ["frame_shape", "episodes", "files", "factors", "chunk", "source", "actions"])
def test_a_missing_key_is_named(folder, key):
    forge(folder, lambda content: content.pop(key))
    with pytest.raises(WrongInput, match=f"key '{key}' is missing"):
        open_data(folder)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_what_is_no_manifest_is_refused(folder, text):
    body = text
    (folder / "manifest.json").write_bytes(
        body + MARK + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'
    )
    with pytest.raises(WrongInput, match=r"manifest"):
        open_data(folder)


def replace_chunk(folder, content):
    path = "archive/frames/c/0/0/0/0"
    (folder / path).write_bytes(content)
    forge(folder, put("files", path, value=[len(content), hashlib.sha256(content).hexdigest()]))


def test_a_bomb_is_not_unpacked(folder):
    bomb = Zstd(level=1).encode(np.zeros(1 << 30, dtype=np.uint8))
    before = peak_memory()
    replace_chunk(folder, bytes(bomb))
    with pytest.raises(WrongInput, match="does not hold the 2880 bytes of a chunk"):
        open_data(folder)[0]
    assert peak_memory() - before < 100_000_000


@pytest.mark.parametrize("content", [b"", b"junk", bytes(Zstd().encode(np.zeros(7, dtype=np.uint8)))])
def test_a_chunk_that_holds_something_else_is_named(folder, content):
    replace_chunk(folder, content)
    with pytest.raises(WrongInput, match="archive/frames/c/0/0/0/0 is damaged"):
        open_data(folder)[0]
