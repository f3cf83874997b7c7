"""The rules of the house: how long, how named, how documented; read from the source, nothing is imported."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "reverie").rglob("*.py"))
EVERYTHING = SOURCES + sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, MOST_ARGUMENTS = 300, 40, 4
BANNED_NAMES = {"utils", "helpers", "common", "misc"}
BANNED_CALLS = {"eval", "exec", "hasattr"}
SHAPED = re.compile(r"\b(Float|Float32|UInt8|Int64|Bool|Frames|Codes|Images|PerImage|Pixels)\b")

sources = pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT / "src")))
everything = pytest.mark.parametrize("file", EVERYTHING, ids=lambda file: str(file.relative_to(ROOT)))


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node  # pyright: ignore[reportReturnType]


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@everything
def test_a_file_fits_on_a_few_screens(file):
    assert file.read_text().count("\n") <= LONGEST_FILE


@everything
def test_a_function_fits_on_one_screen(file):
    long = [f"{node.name}: {node.end_lineno - node.lineno + 1}" for node in functions(file)
            if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION]  # fmt: skip
    assert not long


@sources
def test_a_function_takes_few_arguments(file):
    """At most four positional ones besides self; doors (cli, api) show a flag for each."""
    if "cli" in file.parts:
        return
    many = []
    for node in functions(file):
        names = [argument.arg for argument in node.args.posonlyargs + node.args.args]
        if len([name for name in names if name not in ("self", "cls")]) > MOST_ARGUMENTS:
            many.append(node.name)
    assert not many


@sources
def test_no_room_has_a_name_that_says_nothing(file):
    assert not BANNED_NAMES & {file.stem, *file.parent.parts}


@sources
def test_a_file_says_in_one_line_what_it_is(file):
    first = (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]
    assert first.endswith((".", ":", "?")) and len(first) <= 110


@sources
def test_nothing_is_evaluated_pickled_or_guessed(file):
    found = {name for name, _ in calls(file)} & BANNED_CALLS
    text = file.read_text()
    assert not found
    assert not re.search(r"^\s*(import|from) (pickle|dill|cloudpickle|joblib)", text, re.M)
    for name, call in calls(file):
        if name == "torch.load":
            assert any(word.arg == "weights_only" and word.value.value is True for word in call.keywords)  # type: ignore
        if name in ("np.load", "numpy.load"):
            assert not any(word.arg == "allow_pickle" and word.value.value for word in call.keywords)  # type: ignore


@sources
def test_the_global_seed_is_touched_by_verbs_alone(file):
    if file.parent.name in ("verbs", "bench"):
        return
    names = {name for name, _ in calls(file)}
    assert not names & {"torch.manual_seed", "np.random.seed", "random.seed", "torch.cuda.manual_seed_all"}


@sources
def test_noise_is_drawn_from_a_generator_that_was_handed_over(file):
    for name, call in calls(file):
        if re.fullmatch(r"torch\.(randn|rand|randint|randperm|normal|bernoulli|multinomial)", name):
            assert any(word.arg == "generator" for word in call.keywords), f"{name} in line {call.lineno}"
        assert not re.fullmatch(r"torch\.(randn_like|rand_like)", name), f"{name} in line {call.lineno}"
        assert not re.fullmatch(r"np\.random\.(rand|randn|randint|choice|permutation|normal|uniform)", name)


@sources
def test_public_mathematics_names_its_source(file):
    """Public functions and classes of ops and terms say where their equation stands."""
    if file.parent.name not in ("ops", "terms") or file.stem.startswith("_"):
        return
    assert "Source:" in file.read_text()


@sources
def test_no_bare_except_and_zip_is_strict(file):
    tree = ast.parse(file.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type is None]
    for name, call in calls(file):
        if name == "zip":
            assert any(word.arg == "strict" for word in call.keywords), f"zip in line {call.lineno}"


@sources
def test_imports_are_absolute_and_a_todo_has_an_owner(file):
    text = file.read_text()
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]
    assert not re.search(r"TODO(?!\(\w+, #\d+\))", text)
