import sys
import tempfile
from pathlib import Path

import pytest

collect_ignore = [] if sys.platform == "linux" else ["test_siege.py"]


@pytest.fixture(scope="session")
def siege(tmp_path_factory):
    """A siege of one specimen; the cache folder is inside, so that nothing of the user's is touched."""
    import specimen
    from siege import Siege

    # In memory where the system has such a place: thousands of synced files take minutes on a disk.
    room = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path_factory.getbasetemp()
    with tempfile.TemporaryDirectory(dir=room) as name:
        camp = Path(name).resolve()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(camp / "field" / "place" / ".home"))
            (camp / "specimen").mkdir()
            specimen.make(camp / "specimen")
            yield Siege(camp / "specimen", camp / "field")
