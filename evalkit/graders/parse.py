"""From a reply to verdicts: a reply is scored only if it ended normally and fits the grader's contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from evalkit.graders.criterion import Criterion
from evalkit.reply import Reply
from evalkit.score import Status, Verdict

REASONING: Final = "reasoning"
VERDICT: Final = "verdict"

Reader = Callable[[str, Sequence[Criterion]], tuple[Verdict, ...]]

_ENDED: Final = frozenset({"end_turn", "stop_sequence"})
_CUT: Final = frozenset({"max_tokens", "model_context_window_exceeded"})
_RESULT_STATUS: Final = {"errored": Status.ERRORED, "expired": Status.EXPIRED, "canceled": Status.CANCELED}
_SHOWN: Final = 200
_INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""Zero-width characters and direction marks: a verdict that holds one must not lose to an earlier match."""


def parse(reply: Reply, criteria: Sequence[Criterion], read: Reader, *, who: str = "judge") -> tuple[Verdict, ...]:
    """One verdict per criterion, whatever the reply is; `read` reads the text of a reply that ended normally."""
    unscored = _why_not(reply, who)
    if unscored:
        return tuple(criterion.unscored(*unscored) for criterion in criteria)
    return read(reply.text, criteria)


def read_json(text: str, criteria: Sequence[Criterion]) -> tuple[Verdict, ...]:
    """Verdicts from a reply that follows the JSON schema of `schema`."""
    try:
        answer: object = msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _unparsable(criteria, f"the reply is not JSON ({error}): {_shown(text)}")
    if not isinstance(answer, dict):
        return _unparsable(criteria, f"the reply is not a JSON object: {_shown(text)}")
    fields = cast("dict[str, Any]", answer)
    reason = fields.get(REASONING)
    said = str(reason) if reason is not None else None
    return tuple(_verdict(criterion, fields, key, said) for criterion, key in keys(criteria))


def text_reader(pattern: str) -> Reader:
    """A reader of plain-text replies: the pattern's last match binds, its group is the label.

    A label that is not on the menu is unparsable; an earlier match is never taken in its place.
    """
    compiled = re.compile(pattern, re.IGNORECASE | re.MULTILINE)

    def read(text: str, criteria: Sequence[Criterion]) -> tuple[Verdict, ...]:
        visible = _INVISIBLE.sub("", text)
        said = [match.group(1) for match in compiled.finditer(visible) if match.group(1) is not None]
        if not said:
            return _unparsable(criteria, f"no verdict in the reply: {_shown(text)}")
        return tuple(criterion.verdict(said[-1], text.strip() or None) for criterion in criteria)

    return read


def schema(criteria: Sequence[Criterion]) -> dict[str, object]:
    """The JSON schema of a reply: reasoning first, then an enum label per criterion, worst label first."""
    properties: dict[str, object] = {REASONING: {"type": "string"}}
    for criterion, key in keys(criteria):
        properties[key] = _answers(criterion)
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _answers(criterion: Criterion) -> dict[str, object]:
    labels: dict[str, object] = {"type": "string", "enum": criterion.names}
    if criterion.unsure is None:
        return labels
    return {"anyOf": [labels, {"type": "string", "const": criterion.unsure}]}


def keys(criteria: Sequence[Criterion]) -> list[tuple[Criterion, str]]:
    """Each criterion with its key in the reply: `verdict` where there is one, its name where there are several."""
    if len(criteria) == 1:
        return [(criteria[0], VERDICT)]
    return [(criterion, criterion.name) for criterion in criteria]


def _why_not(reply: Reply, who: str) -> tuple[Status, str] | None:
    kind = reply.result.type
    if kind != "succeeded":
        return _RESULT_STATUS.get(kind, Status.ERRORED), _result_reason(reply)
    stop = reply.stop_reason
    if stop in _ENDED:
        return None
    if stop == "refusal":
        return Status.REFUSED, f"the {who} declined: {_shown(reply.text) if reply.text else 'no text'}"
    if stop in _CUT:
        return (
            Status.TRUNCATED,
            f"the reply was cut ({stop}): {_shown(reply.text) if reply.text else 'no text'}",
        )
    return Status.UNPARSABLE, f"the {who} stopped for {stop!r}"


def _result_reason(reply: Reply) -> str:
    match reply.result.type:
        case "errored":
            return reply.error
        case "expired":
            return "the batch ended before this request was processed"
        case "canceled":
            return "the batch was canceled before this request was processed"
        case unknown:
            return f"unknown result type {unknown!r}"


def _verdict(criterion: Criterion, fields: dict[str, Any], key: str, reason: str | None) -> Verdict:
    said = fields.get(key)
    if isinstance(said, str | int):
        return criterion.verdict(str(said), reason)
    return criterion.unscored(Status.UNPARSABLE, f"the reply has no label under {key!r}")


def _unparsable(criteria: Sequence[Criterion], reason: str) -> tuple[Verdict, ...]:
    return tuple(criterion.unscored(Status.UNPARSABLE, reason) for criterion in criteria)


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}...")
