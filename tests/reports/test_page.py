"""A report is one page that needs nothing else, tells what happened, and trusts no file."""

import json
import re
import shlex
from html.parser import HTMLParser

import pytest

from reverie.cli.commands import COMMANDS
from reverie.cli.parse import parse
from reverie.core.errors import WrongInput
from reverie.core.run import Run
from reverie.reports.page import render
from reverie.reports.story import read_story
from reverie.reports.table import compare, format_table

EVIL = "<script>alert(1)</script>"


def page(runs, title="Which loss?"):
    return render([read_story(Run.open(folder), f"reverie fit {folder.name}") for folder in runs], title)


def change(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


class Parsed(HTMLParser):
    """Tags with their attributes, and whether every tag is closed in order."""

    VOID = ("meta", "img", "br", "hr", "link")

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_whole_and_needs_no_network_and_no_script(runs):
    parsed = Parsed(page(runs))
    assert parsed.open == [] and "script" not in parsed.tags and "link" not in parsed.tags
    addresses = [value for name, value in parsed.attributes if name in ("src", "href", "action")]
    assert addresses and all(value.startswith("data:image/png;base64,") for value in addresses)
    assert not re.search(r"url\(|@import|https?://", page(runs))
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]


def test_it_tells_what_a_reader_must_know(runs):
    text = " ".join(" ".join(Parsed(page(runs)).words).split())
    for words in (
        "Which loss?", "perceptual", "pixel", "untrained (pixel)", "mean predictor",
        "a stand-in for ImageNet's", "units 3, 5 of 16 carry nothing: they collapsed",
        "data/probe", "data/test", "20 episodes", "95 % intervals", "gravity", "4 348 547",
        "difference from perceptual, paired", "reverie fit pixel", "reverie probe", "python", "3.12.1",
        "R² of spin", "over training", "Loss of pixel", "What each unit stands for",
    ):  # fmt: skip
        assert words in text, words


def test_any_draw_of_random_weights_is_called_a_control(runs):
    change(runs[0] / "job.json", lambda c: c["uses"]["feature_network"].update(name="random-squeezenet=3"))
    assert "a control, it was trained on nothing (draw 3)" in page(runs[:1])


@pytest.mark.parametrize(
    "place", ["title", "name", "label", "factor", "warning", "setting", "network", "version"]
)
def test_nothing_that_comes_from_files_becomes_markup(runs, place):
    folder = runs[0]
    if place == "name":
        folder = folder.rename(folder.with_name("<img src=x onerror=alert(1)>"))
    changes = {
        "label": ("probe.json", lambda c: c["rows"][1].update(label=EVIL)),
        "factor": ("probe.json", lambda c: c["factors"][0].update(name=EVIL, unit=EVIL)),
        "warning": ("probe.json", lambda c: c["warnings"].append(EVIL)),
        "setting": (
            "job.json",
            lambda c: c["job"]["representation"].update({EVIL: EVIL, "reconstruction": EVIL}),
        ),
        "network": ("job.json", lambda c: c["uses"]["feature_network"].update(name=EVIL, file=EVIL)),
        "version": ("job.json", lambda c: c["made_with"].update({EVIL: EVIL})),
    }
    if place in changes:
        file, edit = changes[place]
        change(folder / file, edit)
    text = page((folder,), EVIL if place == "title" else "fine")
    assert EVIL not in text and "<img src=x" not in text
    assert "script" not in Parsed(text).tags and "&lt;" in text


def test_a_run_that_was_not_probed_or_looked_at_has_a_page_that_says_what_to_do(runs):
    for file in (*runs[0].glob("look/*"), runs[0] / "probe.json"):
        file.unlink()
    text = page(runs[:1])
    assert "Nobody has asked yet" in text and "reverie probe" in text
    assert "<img" not in text and Parsed(text).open == []


def test_a_run_is_headed_by_its_data_its_epochs_and_its_seed(runs):
    change(runs[0] / "job.json", lambda c: c["job"].update(data="data/fit", plan={"epochs": 1}))
    change(runs[0] / "job.json", lambda c: c["job"].update(conditions={"seed": 7}))
    words = " ".join(" ".join(Parsed(page(runs)).words).split())
    assert "Fitted to data/fit, 1 epoch, seed 7." in words


def test_what_a_section_leaves_out_is_named_before_it_is_trusted(runs):
    (runs[1] / "probe.json").unlink()
    (runs[1] / "look" / "traversal.png").unlink()
    notes = " ".join(" ".join(Parsed(page(runs)).words).split()).partition("What they see")[0]
    assert "it was not probed" in notes
    assert "it is missing under “What each unit stands for”" in notes
    assert "Where the codes lie" not in notes


def test_an_unfinished_run_says_so(runs):
    (runs[0] / "result.json").unlink()
    assert "not finished; complete it with: reverie resume" in page(runs[:1])


def test_runs_that_were_not_probed_alike_are_shown_but_not_ranked(runs):
    change(runs[0] / "probe.json", lambda content: content.update(seed=99))
    text = page(runs)
    assert text.count("Linear reader (ridge)") == 2 and "difference from" not in text


def test_what_is_no_picture_is_left_out_and_named(runs):
    (runs[0] / "look" / "map.png").write_bytes(b"<svg onload=alert(1)>")
    text = page(runs[:1])
    assert "map.png was left out: it is too large or no PNG" in text and "onload" not in text


@pytest.mark.parametrize(
    "damage",
    [
        ("probe.json", lambda c: c.pop("factors")),
        ("probe.json", lambda c: c["rows"][0].pop("scores")),
        ("probe.json", lambda c: c["rows"][0]["scores"][0].pop("r2")),
        ("probe.json", lambda c: c["rows"][0]["sums"].update(squared=[[1.0]])),
        ("probe.json", lambda c: c.update(rows={"subject": 3})),
        ("probe.json", lambda c: c.pop("fit")),
        ("job.json", lambda c: c.update(job=[1, 2])),
        ("job.json", lambda c: c["uses"].update(feature_network="x")),
        ("result.json", lambda c: c.clear()),
    ],
    ids=lambda damage: damage[0],
)
def test_a_damaged_file_is_one_sentence(runs, damage):
    file, edit = damage
    change(runs[0] / file, edit)
    if file == "result.json":
        assert Parsed(page(runs[:1])).open == []
        return
    with pytest.raises(WrongInput, match="damaged"):
        page(runs[:1])


def test_the_same_folders_give_the_same_page(runs):
    assert page(runs) == page(runs)


def printed(text, command):
    """The words of a command that the page prints under "Do it again"."""
    lines = "".join(Parsed(text).words).splitlines()
    return next(
        shlex.split(line) for line in lines if line.startswith(f"reverie {command} ") and "seed" in line
    )


def test_the_printed_probe_asks_as_it_was_asked(runs):
    """These have a linear reader and the row of the mean predictor: --probe ridge, and no --no-baselines."""
    words = printed(page(runs), "probe")
    assert words[words.index("--probe") + 1] == "ridge" and "--no-baselines" not in words
    for folder in runs:
        change(folder / "probe.json", lambda c: c.update(rows=c["rows"][:1], over_training_asked=False))
    words = printed(page(runs), "probe")
    assert "--no-baselines" in words and "--no-over-training" in words
    parse(COMMANDS["probe"], "probe", words[2:])


def test_terrains_of_a_pool_are_named_and_intervals_say_what_they_leave_out(runs):
    for folder in runs:
        change(folder / "probe.json", lambda c: c["test"].update(scenes=40))
    for text in (" ".join(page(runs).split()), " ".join(told(runs).split())):
        assert "esting episodes share a pool of 40 terrains" in text
        assert "over test episodes only" in text and "luck of the fitting episodes or of training" in text
        assert "itting episodes share a pool" not in text


def told(runs):
    return format_table(compare([json.loads((folder / "probe.json").read_text()) for folder in runs]))
