"""Jobs that the tests of capture share, and how they compare folders."""

JOB = {"env": "CartPole-v1", "episodes": 30, "size": 16, "seed": 5, "policy": "held"}
LONG = {**JOB, "episodes": 120, "size": 64}


def contents(folder):
    """Every file by its path, but for the decoded cache of readers."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != ".cache")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
