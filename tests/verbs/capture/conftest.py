import pytest
from capture_jobs import JOB, LONG

from reverie.verbs.capture import CaptureJob, capture


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    """What the long job gives when nothing disturbs it."""
    folder = tmp_path_factory.mktemp("reference") / "data"
    capture(CaptureJob(**LONG), folder)
    return folder


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("capture") / "data"
    result = capture(CaptureJob(**JOB), folder)
    return folder, result
