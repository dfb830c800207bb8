"""The options that commands share, each in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

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
Sandbox: TypeAlias = Annotated[
    bool, typer.Option("--sandbox", help="Use the built-in local API: offline, free, simulated.")
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
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Make anew, under this label, what earlier runs have and would be taken over.")
]
