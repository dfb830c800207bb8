"""`against`: a rubric for two outputs, and what cannot be meant beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.config import load_config

Broken = Callable[..., list[str]]
CANDIDATE = '[[candidates]]\nname = "main"\noutputs = "answer"\n'
TWO = (CANDIDATE, f'{CANDIDATE}[[candidates]]\nname = "next"\noutputs = "next"\n')
AGAINST = ('rubric = "Is it correct?"\n', 'rubric = "Which is better?"\nagainst = "main"\n')


def test_a_rubric_becomes_pairwise_by_naming_the_other_side(right: str) -> None:
    text = right.replace(*TWO).replace(*AGAINST)
    Path("evalkit.toml").write_text(text, encoding="utf-8")
    (grader,) = load_config(Path("evalkit.toml")).graders

    assert (grader.against, grader.ties) == ("main", True)


def test_a_ready_made_one_needs_no_more(right: str) -> None:
    text = right.replace(*TWO).replace(AGAINST[0], 'rubric = "evalkit:preference"\nagainst = "next"\nties = false\n')
    Path("evalkit.toml").write_text(text, encoding="utf-8")
    (grader,) = load_config(Path("evalkit.toml")).graders

    assert (grader.against, grader.ties) == ("next", False)
    assert grader.rubric_text.startswith("{% block rubric %}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('against = "mian"', ':9: graders[0].against: there is no candidate "mian"; did you mean "main"?'),
        ('against = "zz"', ':9: graders[0].against: there is no candidate "zz"; it can be "main" or "next"'),
        (
            "ties = false",
            ':9: graders[0].ties: goes with `against`; add against = "production", or leave it out',
        ),
        (
            'labels = { a = 0, b = 1 }\nagainst = "main"',
            ":10: graders[0].against: stands beside `labels`; leave `labels` out: of two outputs the first is better, "
            "or the second, or neither",
        ),
        (
            'scale = [1, 5]\nagainst = "main"',
            ":10: graders[0].against: stands beside `scale`; leave `scale` out: of two outputs the first is better, "
            "or the second, or neither",
        ),
        (
            'samples = 3\nagainst = "main"',
            ":10: graders[0].against: stands beside `samples`; leave `samples` out: a pair is judged once in each "
            "order",
        ),
        (
            'reply = "text"\nverdict_pattern = "([ab])"\nagainst = "main"',
            ":11: graders[0].against: stands beside `reply`; leave `reply` out: a pairwise judge replies in JSON",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(broken: Broken, lines: str, message: str) -> None:
    assert broken(TWO, (AGAINST[0], f"{AGAINST[0]}{lines}\n")) == [message]


def test_a_candidate_alone_has_nobody_to_stand_beside(broken: Broken) -> None:
    assert broken(AGAINST) == [
        ':9: graders[0].against: "main" is the only candidate, and would stand beside itself; add another '
        "[[candidates]], whose outputs are to be judged"
    ]


@pytest.mark.parametrize(
    ("rubric", "message"),
    [
        (
            'rubric = "evalkit:preference"\n',
            ':8: graders[0].against: is missing, and "evalkit:preference" compares two outputs; add against = '
            '"production", the candidate to put the others beside',
        ),
        (
            'rubric = "evalkit:correctness"\nagainst = "main"\n',
            ':9: graders[0].against: "evalkit:correctness" judges one output, and not two; take "evalkit:preference", '
            "or leave `against` out",
        ),
        (
            'check = "exact"\nagainst = "main"\n',
            ":9: graders[0].against: goes with a `rubric`, not with a `check`; leave it out",
        ),
    ],
)  # fmt: skip
def test_a_rubric_for_one_output_is_none_for_two(broken: Broken, rubric: str, message: str) -> None:
    (said,) = broken(TWO, (AGAINST[0], rubric))
    assert said.partition(": ")[2] == message.partition(": ")[2]
