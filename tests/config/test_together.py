"""Several mistakes at once, and mistakes where TOML is awkward."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.config import load_config
from evalkit.errors import ConfigError

Refused = Callable[[str], list[str]]
Broken = Callable[..., list[str]]


def test_an_empty_list_is_refused(broken: Broken) -> None:
    graders = '[[graders]]\nname = "correctness"\nrubric = "Is it correct?"\n'

    assert broken((graders, ""), ('name = "support"\n', 'name = "support"\ngraders = []\n')) == [
        ":2: graders: is empty; add [[graders]] with a `name`, and a `rubric` or a `check`"
    ]


def test_a_list_of_texts_is_not_a_list_of_tables(broken: Broken) -> None:
    candidates = '[[candidates]]\nname = "main"\noutputs = "answer"\n'

    assert broken((candidates, ""), ('name = "support"\n', 'candidates = ["main"]\nname = "support"\n')) == [
        ':1: candidates[0]: must be a table, not the text "main"; write [[candidates]]'
    ]


def test_a_path_too_long_for_any_file_is_one_that_is_not_there(broken: Broken) -> None:
    (message,) = broken(("Is it correct?", "x" * 300 + ".md"))

    assert message.startswith(':8: graders[0].rubric: there is no file "xxx')


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(refused: Refused) -> None:
    text = """\
[dataset]
path = "nowhere.jsonl"
[dataset.fields]
inptu = "question"
[judge]
max_tokens = "4096"
temperature = 0
[[graders]]
name = "fine"
rubric = "nowhere.md"
labels = { bad = 0, good = 2, Bad = "x" }
[[graders]]
name = "Fine"
check = "regex"
strip = true
[[candidates]]
outputs = "nowhere.csv"
effort = "low"
[[candidates]]
name = "main"
[gate]
baseline = 5
margin = 2.0
[extra]
"""
    problems = refused(text)

    assert [problem.split(": ")[1] for problem in problems] == [
        "name",
        "dataset.path",
        "dataset.fields.inptu",
        "judge.model",
        "judge.max_tokens",
        "judge.temperature",
        "graders[0].rubric",
        "graders[0].labels.good",
        "graders[0].labels.Bad",
        "graders[1].pattern",
        "graders[1].name",
        "graders[1].strip",
        "candidates[0].name",
        "candidates[0].outputs",
        "candidates[0].effort",
        "candidates[1]",
        "gate.baseline",
        "gate.margin",
        "extra",
    ]
    assert not any("pydantic" in problem or "http" in problem for problem in problems)


def test_lines_are_right_where_toml_is_awkward(refused: Refused) -> None:
    text = """\
name = '''
[dataset]
path = 1'''
dataset.path = "datasets/support/cases.jsonl"
judge = { model = "m", effort = "hi" }
candidates = [
  { name = "a", outputs = "x" },
  # outputs = "y"
  { name = "b",  outputs = "datasets/support/notes" },
]
[[graders]]
"name" = "fine"
rubric = \"\"\"
labels = 5
\"\"\"
  [graders."labels"]
  good = 1
  'b a d' = 7
"""
    assert [problem.split(": ")[:2] for problem in refused(text)] == [
        [":1", "name"],
        [":5", "judge.effort"],
        [":9", "candidates[1].outputs"],
        [":18", 'graders[0].labels."b a d"'],
    ]


def test_a_misspelt_key_does_not_set_off_other_messages(right: str, refused: Refused) -> None:
    text = right
    for key, wrong in [("[dataset]", "[dataste]"), ("[judge]", "[juge]"), ("[[candidates]]", "[[candidate]]")]:
        text = text.replace(key, wrong)

    assert [problem.split(": ", 1)[1] for problem in refused(text)] == [
        "dataste: is not a key; did you mean `dataset`?",
        "juge: is not a key; did you mean `judge`?",
        "candidate: is not a key; did you mean `candidates`?",
    ]


def test_a_baseline_may_be_the_candidate_whose_name_is_missing(broken: Broken) -> None:
    assert broken(('name = "main"', 'nam = "main"'), ('outputs = "answer"', 'outputs = ""')) == [
        ":10: candidates[0].nam: is not a key; did you mean `name`?",
        ":11: candidates[0].outputs: is empty; write a name",
    ]
    assert broken(("[gate]", '[[candidates]]\noutputs = "other"\n[gate]'), ('"main"\n', '"old"\n')) == [
        ':12: candidates[1].name: is missing; add name = "production"',
    ]


def test_the_file_is_called_by_its_way_from_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "datasets" / "evalkit.toml"
    file.write_text("x = 1\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"^datasets/evalkit\.toml: name: is missing"):
        load_config(file)
    monkeypatch.chdir(folder / "datasets/support")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert str(caught.value).startswith(f"{file}: name: is missing")
