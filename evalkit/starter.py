"""Starting points: a config written from a look at the data, and the example sets that evalkit carries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import resources
from itertools import count
from pathlib import Path
from typing import Final

from evalkit.config import FILE_NAME
from evalkit.dataset import Dataset, load_dataset
from evalkit.errors import UsageError
from evalkit.session import file_name

_EXAMPLE_CASES: Final = (
    {
        "id": "refund-window",
        "input": "Can I return a mug I bought five weeks ago?",
        "expected": "No: returns are accepted within 30 days of delivery.",
        "output": "I'm afraid not. Returns are accepted within 30 days of delivery, and five weeks is 35 days.",
        "tags": ["returns"],
    },
    {
        "id": "shipping-cost",
        "input": "What does shipping to Norway cost?",
        "expected": "Shipping to Norway costs 12 euros; orders above 80 euros ship free.",
        "output": "Shipping to Norway is 12 euros.",
        "tags": ["shipping"],
    },
    {
        "id": "opening-hours",
        "input": "When is the shop open on Sundays?",
        "expected": "The shop is closed on Sundays.",
        "output": "We are open from 10 to 16 on Sundays.",
        "tags": ["shop"],
    },
)

_CONFIG: Final = """\
# What to score, how, and when it is good enough. Paths count from this file's folder.
name = {name}

[dataset]
path = {path}
{mapping}
[judge]
model = "claude-haiku-5-5"
effort = "low"          # low, medium, high, xhigh, max
max_tokens = 4096       # thinking counts too

# A rubric is answered by the judge: one request per case, half price, in one batch per run.
[[graders]]
name = {grader}
rubric = '''
{rubric}
'''
labels = {{ incorrect = 0, partial = 0.5, correct = 1 }}

# A check is free and local. This one is an example: uncomment and adapt.
# [[graders]]
# name = "no-apology"
# check = "regex"
# pattern = '^(?!.*\\bsorry\\b)'

{candidates}
[gate]
baseline = {baseline}
margin = 0.02           # a loss of mean score that is still accepted
min_coverage = 0.98     # share of cases that must have a score
"""

_WITH_EXPECTED: Final = """\
How far does the output give the information in the expected answer?

- correct: it gives all of it, in any wording, and nothing that contradicts it.
- partial: it gives some of it and contradicts none of it.
- incorrect: it contradicts the expected answer, misses its point, or does not answer."""

_WITHOUT_EXPECTED: Final = """\
How well does the output answer the input?

- correct: it answers all of the input, and nothing in it is wrong or off the subject.
- partial: it answers a part of the input, or answers it with a minor fault.
- incorrect: it does not answer the input, or says something materially wrong."""


def example_sets() -> Path:
    """The folder of the example sets: in the package when it is installed, beside it in a checkout.

    Raises:
        UsageError: neither is there.
    """
    packaged = Path(str(resources.files("evalkit").joinpath("example_sets")))
    checkout = Path(__file__).resolve().parent.parent / "datasets"
    for folder in (packaged, checkout):
        if (folder / "support" / FILE_NAME).is_file():
            return folder
    raise UsageError("this installation of evalkit lacks its example sets; install it again")


def init(data: Path | None, folder: Path, outputs: Sequence[Path] = ()) -> list[Path]:
    """Write `evalkit.toml` for a data file, or with three example cases; returns what was written.

    Raises:
        UsageError: there is a config already, it cannot be written, or nothing says where the outputs are.
        DatasetError: the data file is wrong.
    """
    config = folder / FILE_NAME
    if config.exists():
        raise UsageError(f"{config} is there already; edit it, or choose another folder with --out")
    written: list[Path] = []
    if data is None:
        data = _write_example(folder)
        written.append(data)
    dataset = load_dataset(data)
    candidates = _candidates(dataset, folder, outputs)
    text = _CONFIG.format(
        name=_toml(file_name(data.name.split(".")[0])),
        path=_toml(_from(folder, data)),
        mapping=_mapping(dataset),
        grader=_toml("correctness" if dataset.n_expected else "quality"),
        rubric=_WITH_EXPECTED if dataset.n_expected else _WITHOUT_EXPECTED,
        candidates="".join(_candidate(name, source) for name, source in candidates),
        baseline=_toml(candidates[0][0]),
    )
    _write(config, text)
    return [*written, config]


def _write_example(folder: Path) -> Path:
    path = folder / "cases.jsonl"
    if path.exists():
        raise UsageError(f"{path} is there already; name it to start from it: evalkit init {path}")
    _write(path, "".join(f"{json.dumps(case, ensure_ascii=False)}\n" for case in _EXAMPLE_CASES))
    return path


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; choose another folder with --out") from error


def _candidates(dataset: Dataset, folder: Path, outputs: Sequence[Path]) -> list[tuple[str, str]]:
    """The candidates' names with where their outputs are: a column of the dataset, or a file."""
    columns = (*dataset.extra, *dataset.mapping.values())
    if outputs:
        return list(zip(_names(outputs), (_source(path, folder, columns) for path in outputs), strict=True))
    if dataset.n_outputs:
        return [("recorded", dataset.mapping["output"])]
    raise UsageError(
        f"nothing says which outputs of {dataset.path} to score. Name a column, or a file with an {{id, output}} per "
        f"line, for each candidate: evalkit init {dataset.path} --outputs COLUMN_OR_FILE; its columns are "
        f"{', '.join(sorted(columns))}"
    )


def _source(path: Path, folder: Path, columns: Sequence[str]) -> str:
    """A column as it is called, or a file as the config names it.

    Raises:
        UsageError: it is neither.
    """
    if str(path) in columns:
        return str(path)
    if path.is_file():
        return _from(folder, path)
    near = get_close_matches(str(path), columns, n=1)
    guess = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(sorted(columns))}"
    raise UsageError(f"--outputs {path} is no column of the data and no file; {guess}")


def _mapping(dataset: Dataset) -> str:
    renamed = {field: column for field, column in dataset.mapping.items() if field not in (column, "output")}
    if not renamed:
        return ""
    return "\n[dataset.fields]\n" + "".join(f"{field} = {_toml(column)}\n" for field, column in renamed.items())


def _candidate(name: str, source: str) -> str:
    return f"[[candidates]]\nname = {_toml(name)}\noutputs = {_toml(source)}\n\n"


def _names(paths: Sequence[Path]) -> list[str]:
    """A name per file, and a number behind a name that an earlier file has."""
    names: list[str] = []
    for path in paths:
        name = path.name.split(".")[0] or "candidate"
        numbered = (f"{name}-{number}" for number in count(2))
        names.append(name if name not in names else next(one for one in numbered if one not in names))
    return names


def _from(folder: Path, path: Path) -> str:
    """The path as the config of that folder names it."""
    absolute = path.absolute()
    try:
        return absolute.relative_to(folder.absolute()).as_posix()
    except ValueError:
        return absolute.as_posix()


def _toml(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
