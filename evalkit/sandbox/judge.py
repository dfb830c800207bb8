"""The offline judge: deterministic, lexical, and honest about it.

It finds evalkit's fences in the user message, compares the output with the reference by words and numbers
(`lexical.py` has the formulas) and fills in the schema of the request. The reference is the `expected` field; without
one, all fields but input and output together are sources that must support the output; without either there is no
reference, and the score is 0.5 + 0.3 * the share of the input's words that the output takes up.

By convention **enums run from worst to best**: with k values, a score s picks the value number floor(s * k). A value
named `cannot_tell` or `unknown` is picked exactly when there is no reference. Where the prompt shows two outputs to
choose between, the enum value that names the better one is picked, or the one that says they tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evalkit.sandbox.fences import Fields, read_fields
from evalkit.sandbox.form import Finding, fill
from evalkit.sandbox.lexical import Agreement, agreement, support
from evalkit.sandbox.schema import Json
from evalkit.sandbox.wire import encode

PREFIX: Final = "Offline lexical judge:"
_TIE: Final = 0.05
_PLAIN_WORDS: Final = 40


@dataclass(frozen=True, slots=True)
class _Reading:
    score: float
    text: str
    blind: bool = False


def judge(user: str, schema: Json | None, *, position_bias: float = 0.0) -> str:
    """The text of the judge's message for one request: JSON for a schema, else a short plain text.

    `position_bias` is added to the score of the first of two outputs, as judges do that prefer a place.
    """
    if schema is None:
        return _plain(user)
    fields = read_fields(user)
    finding = _finding(fields if fields is not None else Fields(output=user), position_bias)
    return encode(fill(schema, finding)).decode()


def _finding(fields: Fields, position_bias: float) -> Finding:
    if not fields.contestants:
        reading = _read(fields, fields.output)
        return Finding(score=reading.score, sentence=f"{PREFIX} {reading.text}.", blind=reading.blind)
    (first, one), (second, two) = fields.contestants
    left, right = _read(fields, one), _read(fields, two)
    gap = left.score + position_bias - right.score
    winner = None if abs(gap) < _TIE else first if gap > 0 else second
    sentence = (
        f"{PREFIX} {first}: {left.text}; {second}: {right.text}; "
        f"{'neither is ahead' if winner is None else f'{winner} is ahead'}."
    )
    return Finding(
        score=max(0.0, min(1.0, 0.5 + gap / 2)),
        sentence=sentence,
        blind=left.blind and right.blind,
        names=(first, second),
        winner=winner,
    )


def _read(fields: Fields, output: str) -> _Reading:
    if not output.strip():
        return _Reading(0.0, "the output is empty (score 0.00)")
    if fields.expected is not None and fields.expected.strip():
        found = agreement(output, fields.expected)
        return _Reading(found.score, f"the output has {_counts(found)} of the expected answer{_tail(found)}")
    if fields.sources is not None and fields.sources.strip():
        found = support(output, fields.sources)
        return _Reading(found.score, f"the sources have {_counts(found)} of the output{_tail(found)}")
    taken = agreement(output, fields.input or "")
    share = taken.words_found / taken.words if taken.words else 0.0
    score = 0.5 + 0.3 * share
    words = f"{taken.words_found} of {taken.words} key words of the input"
    return _Reading(score, f"no reference is given; the output takes up {words} (score {score:.2f})", blind=True)


def _counts(found: Agreement) -> str:
    words = f"{found.words_found} of {found.words} key words"
    return f"{words} and {found.numbers_found} of {found.numbers} numbers" if found.numbers else words


def _tail(found: Agreement) -> str:
    negation = ", but one of the two negates" if found.negation_differs else ""
    return f"{negation} (score {found.score:.2f})"


def _plain(user: str) -> str:
    """A reply to a request without a schema: it repeats, and says that it does."""
    fields = read_fields(user)
    asked = fields.input if fields is not None and fields.input else user
    words = asked.split()
    more = " ..." if len(words) > _PLAIN_WORDS else ""
    return f"Offline sandbox reply, not a model's: {' '.join(words[:_PLAIN_WORDS])}{more}"
