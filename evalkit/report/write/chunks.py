"""The texts of the cases as the page carries them: chunks of 64 cases, each gzip in base64.

A block stands inside a `<script type="text/plain">`, which no base64 can close. The script decodes a chunk when one
of its cases is opened: the page is ready before its texts are parsed.

A chunk is lines of JSON: first what its cases share (`phrases`, and the `kinds` of tokens), then a line for each case,
in which what is empty is left out. Tokens are counts in the order of the kinds, null where there is none of a kind.

    input, expected, metadata, cluster
    outputs   by candidate: [text, dollars, seconds, tokens], null where it gave none, 0 where nothing is known of it
    scores    by column: [label, reason, [[status, value, label, reason] of each sample]] or null
    replies   by run: [[custom_id, batch, served model, stop reason, tokens, dollars, raw as pieces], ...]
    prompts   by run: the user message as pieces, or null
    more      by heading: what else belongs to the case
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from evalkit.report.page import CaseSource, CaseTexts, CellKey, OutputText, ReplyText, SampleText, ScoreText
from evalkit.report.write.columns import STATUSES
from evalkit.report.write.ledger import Ledger
from evalkit.report.write.pieces import pointing, quoting

CASES_PER_CHUNK: Final = 64
_LEVEL: Final = 3
"""Level 6 gains 8 % over level 3 and costs 2.5 times the time."""
_STATUS_CODES: Final[Mapping[str, int]] = {status: code for code, status in enumerate(STATUSES)}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NO_SCORE: Final = ScoreText()
_NUMBERED = tuple[int, str | None]


def packed(content: bytes, *, level: int = 6) -> str:
    """Gzip in base64, the same bytes for the same content."""
    return base64.b64encode(gzip.compress(content, compresslevel=level, mtime=0)).decode("ascii")


def texts(source: CaseSource, ledger: Ledger, order: Sequence[int]) -> Iterator[str]:
    """Chunks of 64 cases' texts, packed; those that nobody asks for are never read."""
    for start in range(0, len(order), CASES_PER_CHUNK):
        found = source.texts(order[start : start + CASES_PER_CHUNK])
        yield packed(chunk_json(found, ledger), level=_LEVEL)


def chunk_json(found: Iterable[CaseTexts], ledger: Ledger) -> bytes:
    """The texts of some cases as lines of JSON."""
    shared = Shared()
    cases = [_case(one, ledger, shared) for one in found]
    lines: list[object] = [{"phrases": list(shared.phrases), "kinds": list(shared.kinds)}, *cases]
    try:
        return b"\n".join(map(msgspec.json.encode, lines))
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        text = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
        return _SURROGATE.sub("\ufffd", text).encode("utf-8")


class Shared:
    """What the cases of a chunk share, by number."""

    def __init__(self) -> None:
        self.phrases: dict[str, int] = {}
        self.kinds: dict[str, int] = {}

    def tokens(self, usage: Mapping[str, int]) -> list[int | None] | None:
        """The counts in the order of the kinds."""
        if not usage:
            return None
        for kind in usage:
            self.kinds.setdefault(kind, len(self.kinds))
        return [usage.get(kind) for kind in self.kinds]


def _case(case: CaseTexts, ledger: Ledger, shared: Shared) -> dict[str, Any]:
    scores = [case.scores.get(key) for key in ledger.keys]
    outputs = [case.outputs.get(name) for name in ledger.candidates]
    found = {
        "input": case.input,
        "expected": case.expected,
        "metadata": dict(case.metadata),
        "cluster": case.cluster,
        "outputs": [
            _output(one, shared) if name in case.outputs else 0
            for name, one in zip(ledger.candidates, outputs, strict=True)
        ],
        "scores": [one and _score(one) for one in scores],
        "replies": _replies(case, ledger, _reasons(scores, 2 + len(outputs), ledger.keys), shared),
        "prompts": _prompts(case, ledger, shared),
        "more": dict(case.more),
    }
    return {name: value for name, value in found.items() if value}


def _output(output: OutputText | None, shared: Shared) -> list[Any] | None:
    return None if output is None else [output.text, output.cost_usd, output.seconds, shared.tokens(output.usage)]


def _score(score: ScoreText) -> list[Any]:
    return [score.label, score.reason, [_sample(sample) for sample in score.samples]]


def _sample(sample: SampleText) -> list[Any]:
    return [_STATUS_CODES[sample.status], sample.value, sample.label, sample.reason]


def _reasons(scores: Sequence[ScoreText | None], first: int, keys: Sequence[CellKey]) -> dict[str, list[_NUMBERED]]:
    """The reasons of every run with their numbers among the texts of the case, numbered from `first`."""
    found: dict[str, list[_NUMBERED]] = {}
    after = first + len(scores)
    for at, (key, score) in enumerate(zip(keys, scores, strict=True)):
        of_run = found.setdefault(key.run, [])
        of_run.append((first + at, (score or _NO_SCORE).reason))
        for sample in (score or _NO_SCORE).samples:
            of_run.append((after, sample.reason))
            after += 1
    return found


def _replies(
    case: CaseTexts, ledger: Ledger, reasons: Mapping[str, list[_NUMBERED]], shared: Shared
) -> list[list[Any]]:
    found = [[_reply(one, reasons[run], shared) for one in case.replies.get(run, ())] for run in ledger.runs]
    return found if any(found) else []


def _reply(reply: ReplyText, reasons: Sequence[_NUMBERED], shared: Shared) -> list[Any]:
    raw = None if reply.raw is None else quoting(reply.raw, reasons)
    words = (reply.custom_id, reply.batch, reply.served_model, reply.stop_reason)
    return [*words, shared.tokens(reply.usage), reply.cost_usd, raw]


def _prompts(case: CaseTexts, ledger: Ledger, shared: Shared) -> list[list[str | int] | None]:
    """The prompt of each run as pieces."""
    if not case.prompts:
        return []
    found: list[list[str | int] | None] = []
    for run in ledger.runs:
        prompt, candidate = case.prompts.get(run), ledger.candidate_of[run]
        output = case.outputs.get(candidate)
        answered = (2 + ledger.candidates.index(candidate), output.text if output else None)
        targets = ((0, case.input), (1, case.expected), answered)
        found.append(None if prompt is None else pointing(prompt, targets, shared.phrases))
    return found


def inline_json(content: object) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
