"""Outputs that are yet to be made: what stands in for them is weighed, and by how much they may differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from evalkit.candidate import Candidate, Generator
from evalkit.dataset import AnyDataset
from evalkit.graders import Asked, PairwiseGrader, RubricGrader
from evalkit.pipeline.forecast.learned import Replies
from evalkit.pipeline.forecast.tokens import Spread, Text, Tokenizer

STAND_IN: Final = "word " * 420
"""A text of usual length: about 600 tokens."""
_NEWER: Final = Spread(low=1.15, usual=1.3, high=1.5, most=2.0)
"""Tokens of a newer model for each of an older one, of the same text."""
_OLDER: Final = Spread(low=0.6, usual=0.77, high=0.9, most=1.0)
_SAME: Final = Spread.exactly(1.0)


def asked_beforehand(grader: Asked, dataset: AnyDataset) -> Asked:
    """The grader as it asks before outputs are made: no guard can tell yet, and texts stand in for those beside."""
    if isinstance(grader, RubricGrader) and grader.guard:
        return RubricGrader.from_spec({**grader.spec, "guard": replace(grader.guard, settled=True).spec})
    if isinstance(grader, PairwiseGrader) and grader.baseline and grader.baseline.generator:
        made = grader.baseline.texts
        texts: Mapping[str, str] = {case.id: made.get(case.id) or STAND_IN for case in dataset}
        return grader.beside(replace(grader.baseline, texts=texts))
    return grader


def generators(grader: Asked, candidate: Candidate) -> list[Generator]:
    """Who is to make what stands in one request."""
    other = grader.baseline if isinstance(grader, PairwiseGrader) else None
    return [one.generator for one in (candidate, other) if one and one.generator]


def differing(replies: Replies, generator: Generator, judge: str) -> Spread:
    """By how much one output differs from what stands in for it, in tokens of the judge.

    Args:
        replies: how long answers are to be expected.
        generator: who makes them.
        judge: the model that reads them.
    """
    reads, writes = Tokenizer.of(judge), Tokenizer.of(generator.model)
    rate, stands = _rate(reads, writes), Text.of(STAND_IN.encode()).tokens(reads)
    return Spread(
        low=replies.low * rate.low - stands.low,
        usual=(replies.low + replies.high) / 2 * rate.usual - stands.usual,
        high=replies.high * rate.high - stands.high,
        most=most_more(generator, judge),
    )


def most_more(generator: Generator, judge: str) -> float:
    """How many tokens of the judge one output may be longer at most than what stands in for it."""
    reads, writes = Tokenizer.of(judge), Tokenizer.of(generator.model)
    stands = Text.of(STAND_IN.encode()).tokens(reads)
    return max(0.0, generator.max_tokens * _rate(reads, writes).most - stands.most)


def _rate(reads: Tokenizer, writes: Tokenizer) -> Spread:
    return _SAME if reads is writes else _NEWER if reads is Tokenizer.NEW else _OLDER
