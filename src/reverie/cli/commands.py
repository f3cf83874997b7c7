"""The commands: the door to each, and where its summary stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reverie.cli import evaluating, exchange, looking, making, modelling, playing, sets, training
from reverie.cli.answer import Answer
from reverie.core.console import Console
from reverie.core.family import members


@dataclass(frozen=True)
class Command:
    """One command: the door to it, and where its summary stands."""

    door: Callable[..., Callable[..., Callable[[Console], Answer]]]
    source: str
    """File whose docstring summarises it, inside the package."""
    family: str = ""
    """Family whose members are the command's first word."""
    base: str = ""
    """Class that the configs of those members extend, where several kinds live in one family."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """First words with their meaning, beside or instead of a family."""
    inner: "Mapping[str, Command]" = field(default_factory=dict)
    """First words that are commands with words of their own."""
    positional: bool = True
    """Whether what must be given is given by its place, not by a flag."""
    summary: str = ""

    def words(self) -> dict[str, str]:
        """What the first word can be, with what each means."""
        return {**(members(self.family, self.base) if self.family else {}), **self.choices}


def _choices(words: str) -> dict[str, str]:
    pairs = (part.split(": ") for part in words.split("; "))
    return {word: meaning for word, meaning in pairs}


COMMANDS: dict[str, Command] = {
    "demo": Command(making.demo_door, "studies/demo.py"),
    "capture": Command(making.capture_door, "verbs/capture.py"),
    "fit": Command(making.fit_door, "verbs/fit.py", family="representations"),
    "resume": Command(making.resume_door, "verbs/resume.py"),
    "adopt": Command(exchange.adopt_door, "verbs/adopt.py"),
    "probe": Command(looking.probe_door, "verbs/probe.py", positional=False),
    "look": Command(looking.look_door, "verbs/look.py"),
    "report": Command(looking.report_door, "verbs/report.py"),
    "export": Command(exchange.export_door, "verbs/export.py"),
    "model": Command(modelling.model_door, "verbs/model.py", family="worldmodels"),
    "audit": Command(modelling.audit_door, "verbs/audit.py"),
    "train": Command(training.train_door, "verbs/train.py", family="agents", base="ControllerConfig"),
    "evaluate": Command(evaluating.evaluate_door, "verbs/evaluate.py"),
    "play": Command(playing.play_door, "verbs/play.py"),
    "study": Command(making.study_door, "studies/_study.py", family="studies"),
    "data": Command(
        looking.data_door,
        "verbs/data.py",
        choices=_choices(
            "info: say what a data set holds; check: compare every file with its checksum; "
            "make: make a data set with exact factors; "
            "import: make a data set of recordings, or of a folder of images; "
            "export: write a data set as other tools want it"
        ),
        inner={
            "make": Command(
                sets.make_door,
                "verbs/make.py",
                family="data.sets",
                choices=_choices("pairs: frames before and after one factor of a world was set"),
                inner={"pairs": Command(sets.pairs_door, "verbs/pairs.py", positional=False)},
            )
        },
    ),
    "runs": Command(looking.runs_door, "verbs/runs.py"),
    "doctor": Command(looking.doctor_door, "verbs/doctor.py"),
    "bench": Command(making.bench_door, "bench/__init__.py", family="bench"),
}
