"""What is measured on: suites of a given size, a store of many runs, and the sandbox as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TEXT = "The parcel left the warehouse on Tuesday and the customer asks where it is and when it will arrive. "
_RULE = "An output that gives the customer a date which the expected answer does not give is incorrect. "


def write_suite(folder: Path, cases: int, *, case_bytes: int = 1000, system_bytes: int = 6000) -> Path:
    """A suite of `cases` cases of about `case_bytes`, under a rubric of about `system_bytes`."""
    folder.mkdir(parents=True)
    text = (_TEXT * (case_bytes // len(_TEXT) + 1))[: case_bytes // 3]
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
        for number in range(cases):
            row = {"id": f"case-{number:06}", "input": f"{number}: {text}", "expected": text}
            file.write(json.dumps({**row, "output": text if number % 3 else "I do not know."}) + "\n")
    (folder / "rubric.md.j2").write_text((_RULE * (system_bytes // len(_RULE) + 1))[:system_bytes], encoding="utf-8")
    (folder / "evalkit.toml").write_text(
        'name = "bench"\n[dataset]\npath = "cases.jsonl"\n[judge]\nmodel = "claude-haiku-5-5"\n'
        '[[graders]]\nname = "correctness"\nrubric = "rubric.md.j2"\n'
        "labels = { incorrect = 0, partial = 0.5, correct = 1 }\n"
        '[[candidates]]\nname = "recorded"\noutputs = "output"\n',
        encoding="utf-8",
    )
    return folder


def write_pairs(folder: Path, pairs: int) -> Path:
    """The suite of `write_suite` with a second candidate, which is wrong less often, and a gate that it passes."""
    write_suite(folder, pairs)
    with (
        (folder / "cases.jsonl").open(encoding="utf-8") as rows,
        (folder / "challenger.jsonl").open("w", encoding="utf-8") as file,
    ):
        for number, row in enumerate(map(json.loads, rows)):
            output = row["expected"] if number % 4 else "I do not know."
            file.write(json.dumps({"id": row["id"], "output": output}) + "\n")
    with (folder / "evalkit.toml").open("a", encoding="utf-8") as file:
        file.write('[[candidates]]\nname = "challenger"\noutputs = "challenger.jsonl"\n')
        file.write('[gate]\nbaseline = "recorded"\nmargin = 0.02\n')
    return folder


def write_runs(store: str, folder: Path, runs: int) -> None:
    """Fill a store with runs of a check on a small suite, one label each; in a process of its own.

    A process begins with the peak memory of the one that started it, so the bench itself must stay small.
    """
    words = [sys.executable, "-m", "tests.bench.suites", store, str(folder), str(runs)]
    subprocess.run(words, check=True)


def _fill(store: str, folder: Path, runs: int) -> None:
    import evalkit

    write_suite(folder, 20)
    config = folder / "evalkit.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('rubric = "rubric.md.j2"', 'check = "exact"').replace(
        "labels = { incorrect = 0, partial = 0.5, correct = 1 }\n", ""
    ), encoding="utf-8")  # fmt: skip
    for number in range(runs):
        evalkit.submit(config, store=store, label=f"night-{number:04}", sandbox=True)


@contextmanager
def sandbox(folder: Path) -> Iterator[dict[str, str]]:
    """The sandbox as a process of its own, so that its cost is not counted; gives the environment that names it."""
    words = [sys.executable, "-u", "-m", "evalkit", "sandbox", "--port", "0", "--directory", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[2].rstrip(";")
        yield {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "bench"}
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    _fill(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
