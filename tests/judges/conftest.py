"""A court: a suite whose judges say what a test has them say, through the whole of evalkit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import evalkit
from evalkit import api, ids
from evalkit.sandbox import Sandbox

Words: TypeAlias = Mapping[str, Mapping[str, str | list[str]]]
"""By candidate and by case: the label that a judge gives, or one for each sample."""

CHEAP, STRONG = "claude-haiku-5-5", "claude-opus-5-5"


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


@dataclass
class Court:
    """A suite in a folder with a store of its own."""

    folder: Path
    store: str

    def judged(self, by_judge: Mapping[str, Words], *labels: str) -> dict[str, dict[str, str]]:
        """Let each judge say its words under the first label, and have the others take them over; runs of the first."""
        found: dict[str, dict[str, str]] = {}
        for judge, words in by_judge.items():
            planned = api.plan(self.folder, store=self.store, judge=judge, label=labels[0] if labels else "").runs
            found[judge] = {one.candidate: one.run for one in planned}
            replies = self.folder / f"{judge}.jsonl"
            write_lines(replies, _replies(found[judge], words))
            with Sandbox(replay=replies) as sandbox, pytest.MonkeyPatch.context() as patch:
                patch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
                patch.setenv("ANTHROPIC_API_KEY", "key")
                for label in labels or ("",):
                    api.submit(self.folder, store=self.store, judge=judge, label=label)
                    api.collect(self.folder, store=self.store, wait=True, poll=0.02)
        return found

    def people(self, run: str, labels: Mapping[str, str]) -> None:
        """Let people label outputs of a run."""
        path = self.folder / "people.jsonl"
        write_lines(path, ({"id": case, "label": label} for case, label in labels.items()))
        evalkit.agree(run, path, store=self.store)

    def judges(self, **options: Any) -> Any:
        """What `judges` finds of the only criterion."""
        (found,) = evalkit.judges(config=self.folder, store=self.store, **options)
        return found


def _replies(runs: Mapping[str, str], words: Words) -> Iterable[dict[str, str]]:
    for candidate, by_case in words.items():
        for case, said in by_case.items():
            sampled = [("", said)] if isinstance(said, str) else [(f"s{n}", one) for n, one in enumerate(said, start=1)]
            for suffix, word in sampled:
                yield {"custom_id": ids.custom_id(runs[candidate], case, suffix), "text": f"verdict: {word}"}


@pytest.fixture
def court(tmp_path: Path) -> Callable[..., Court]:
    """Makes a court of some cases and candidates; `more` goes into the grader, `gate` after it."""
    return partial(_court, tmp_path)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Court:
    """A court of thirty cases that two judges have seen; they differ on the first."""
    made = _court(tmp_path_factory.mktemp("settled"), 30)
    strong = {f"case-{n:03}": "good" if n < 15 else "bad" for n in range(30)}
    made.judged({CHEAP: {"recorded": {**strong, "case-000": "bad"}}, STRONG: {"recorded": strong}})
    return made


def _court(
    folder: Path,
    cases: int,
    *,
    candidates: Iterable[str] = ("recorded",),
    labels: str = "{ bad = 0, good = 1 }",
    more: str = "",
    gate: str = "",
    url: str | None = None,
) -> Court:
    names = [f"case-{n:03}" for n in range(cases)]
    write_lines(folder / "cases.jsonl", ({"id": case, "input": f"question {case}"} for case in names))
    config = [
        'name = "court"\n[dataset]\npath = "cases.jsonl"',
        f'[judge]\nmodel = "{CHEAP}"',
        f'[[graders]]\nname = "right"\nrubric = "Is it right?"\nreply = "text"\nlabels = {labels}',
        f"verdict_pattern = '^verdict: (.+)$'\n{more}",
    ]
    for name in candidates:
        rows = ({"id": case, "output": f"{name} answers {case}"} for case in names)
        write_lines(folder / f"{name}-outputs.jsonl", rows)
        config.append(f'[[candidates]]\nname = "{name}"\noutputs = "{name}-outputs.jsonl"')
    (folder / "evalkit.toml").write_text("\n".join([*config, gate]), encoding="utf-8")
    return Court(folder, url or f"sqlite:///{folder / 'evalkit.db'}")
