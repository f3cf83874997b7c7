"""The door to evaluate: wrong words are refused in one sentence, right ones end in a line of result."""

import json

import pytest

from reverie.cli import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["helt", "--env", "CartPole-v1"], "unknown policy 'helt'; did you mean 'held'?"),
        (["held", "--env", "CartPoll-v1"], "did you mean 'CartPole-v1'?"),
        (["held"], "name the environment that 'held' acts in: --env LunarLander-v3"),
        (["held", "--env", "CartPole-v1", "--episodes", "0"], "episodes must be 1 or more, got 0"),
        (["held", "--env", "CartPole-v1", "--episodes", "many"], "takes a whole number, got 'many'"),
        (["held", "--env", "CartPole-v1", "--sed", "3"], "did you mean '--seed'?"),
        (["held", "--env", "CartPole-v1", "--arguments", "gravity"], "is name=value, got 'gravity'"),
        ([], "reverie evaluate needs SUBJECT"),
    ],
)
def test_wrong_words_are_one_sentence(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *words]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and said in told
    assert not list(tmp_path.iterdir())


def test_the_result_stands_in_one_line_and_in_a_folder(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "evaluate still --env CartPole-v1 --episodes 3 --video none --json"
    assert main(words.split()) == 0
    line, result = capsys.readouterr().out.splitlines()
    folder = tmp_path / "runs/evaluations/still-CartPole-v1-1000-3"
    assert line.startswith("still in CartPole-v1: ") and str(folder.relative_to(tmp_path)) in line
    assert json.loads(result) == json.loads((folder / "result.json").read_text())
    assert main(words.split()) == 2, "a folder that exists is not written over"
