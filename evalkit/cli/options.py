"""The options that commands share, each in one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

Config: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="evalkit.toml or its folder.", show_default="searched upwards from here"),
]
Store: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="sqlite:///file or postgresql://host/database; also EVALKIT_STORE.",
        show_default=".evalkit/evalkit.db beside the config",
    ),
]
Label: TypeAlias = Annotated[
    str, typer.Option("--label", "-l", help="Tells two runs of the same things apart: a date, a git sha.")
]
CandidateLabel: TypeAlias = Annotated[
    str | None, typer.Option("--label", "-l", help="Of the candidates.", show_default="the newest they have")
]
JudgeModel: TypeAlias = Annotated[
    str | None,
    typer.Option("--judge", metavar="MODEL", help="Another judge than the config's.", show_default="of the config"),
]
Tag: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--tag", help="Only cases of this tag, as split:test; repeatable: any.", show_default="of the config"),
]
Sample: TypeAlias = Annotated[
    int | None,
    typer.Option("--sample", metavar="N", min=1, help="Only N cases, drawn by a digest.", show_default="of the config"),
]
Limit: TypeAlias = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N.", show_default="of the config")
]
Sandbox: TypeAlias = Annotated[
    bool, typer.Option("--sandbox", help="Use the built-in local API: offline, free, simulated.")
]
MaxCost: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--max-cost",
        metavar="USD",
        min=0,
        help="Refuse to send what may cost more, before any of it is sent.",
        show_default="of the config",
    ),
]
Fresh: TypeAlias = Annotated[
    bool, typer.Option("--fresh", help="Judge all anew, and take over no score of the same output.")
]
Count: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--count/--no-count",
        help="Let the API count the tokens of a sample of the requests, free; by default where there is a key.",
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else there.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="Wait no longer than this; then exit with 5.")
]
Poll: TypeAlias = Annotated[
    float | None,
    typer.Option("--poll", metavar="SECONDS", help="Time between two looks.", show_default="30 and longer"),
]
Deadline: TypeAlias = Annotated[
    str | None,
    typer.Option("--deadline", metavar="HH:MM", help="Warn if a batch may come later; refuse if it usually does."),
]
Realtime: TypeAlias = Annotated[
    bool, typer.Option("--realtime", help="One by one, answered at once, at full price: twice that of a batch.")
]
Smoke: TypeAlias = Annotated[
    int,
    typer.Option("--smoke", metavar="N", min=0, help="N cases first, in realtime; the batch only if they come back."),
]
Out: TypeAlias = Annotated[Path | None, typer.Option("--out", "-o", help="Where to write.")]
Cases: TypeAlias = Annotated[
    str, typer.Option("--cases", metavar="WHICH", help="Which the page lists: all, regressed, sample=N or none.")
]
TextMb: TypeAlias = Annotated[
    str,
    typer.Option(
        "--text-mb", metavar="N", help="Megabytes of packed texts in one file, the most telling first; or all."
    ),
]
Split: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--split",
        help="Style and script as files of their own, for hosts that forbid inline code; --out may be a folder.",
    ),
]
Redact: TypeAlias = Annotated[bool, typer.Option("--redact", help="Leave out every text of cases, and the prompts.")]
RedactIds: TypeAlias = Annotated[bool, typer.Option("--redact-ids", help="The same, and number the cases.")]
Baseline: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--baseline", "-b", help="What to compare with: a candidate, a run, or label:LABEL.", show_default="of the gate"
    ),
]


def filter_of(tag: Sequence[str] | None, sample: int | None, limit: int | None) -> dict[str, Any]:
    """The conditions of `[dataset.filter]` that a command line means."""
    given = {"tags": list(tag or ()) or None, "sample": sample, "first": limit}
    return {name: value for name, value in given.items() if value is not None}
