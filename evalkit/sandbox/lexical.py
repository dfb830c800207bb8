"""How far two texts agree, by their words and numbers alone.

A `Bag` is what is left of a text: content words (casefolded, without stop words; all words where nothing else is
left), numbers (spelled one way) and whether it negates. The formulas:

    agreement(output, reference) = (0.7 * recall + 0.3 * precision) * numbers * negation
        recall     share of the reference's words and numbers that the output has; precision the other way round
        numbers    1 - 0.7 * share of the reference's numbers that the output lacks, where it states others instead;
                   1 - 0.4 * that share where it states none
        negation   0.5 where exactly one of the two negates
    support(output, sources) = share of the output's words and numbers found in the sources
                               * (1 - 0.7 * share of its numbers that are not found there)

Equal texts agree fully; an empty output agrees with nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

_TOKEN: Final = re.compile(
    r"(?<![\w.])[-−]?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*|[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]+(?:['’][^\W\d_]+)?"
)
_THOUSANDS: Final = re.compile(r",(?=\d{3}(?:\D|$))")
_STOP_WORDS: Final = (
    "a an and are as at be been being but by can could did do does for from had has have he her hers him his i if in"
    " into is it its just may me might more most my of on or our ours shall she should so some such than that the"
    " their theirs them then there these they this those to too us was we were what when where which who whom why"
    " will with would you your yours about also any because each how here very"
)
_Kind = Literal["word", "number", "stop", "negation"]
_NEGATING_WORDS: Final = "no not never none nor neither cannot without nothing nobody"
_STOP: Final = frozenset(_STOP_WORDS.split())
_NEGATIONS: Final = frozenset(_NEGATING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Bag:
    """The words, the numbers and the negation of one text."""

    words: frozenset[str]
    numbers: frozenset[str]
    negated: bool

    @property
    def all(self) -> frozenset[str]:
        """Words and numbers together."""
        return self.words | self.numbers


def bag(text: str) -> Bag:
    """What is left of a text."""
    kinds: dict[_Kind, set[str]] = {"word": set(), "number": set(), "stop": set(), "negation": set()}
    for token in set(_TOKEN.findall(text.casefold())):
        kind, plain = _classified(token)
        kinds[kind].add(plain)
    words, negated = kinds["word"], bool(kinds["negation"])
    if not words and not kinds["number"]:
        words = kinds["stop"] | ({"not"} if negated else set[str]())
    return Bag(frozenset(words), frozenset(kinds["number"]), negated)


@dataclass(frozen=True, slots=True)
class Agreement:
    """A score in 0..1 and what it rests on: how many of how many words and numbers were found."""

    score: float
    words_found: int
    words: int
    numbers_found: int
    numbers: int
    negation_differs: bool = False


def agreement(output: str, reference: str) -> Agreement:
    """How far the output says what the reference says."""
    given, wanted = bag(output), bag(reference)
    shared = given.all & wanted.all
    words, numbers = len(given.words & wanted.words), len(given.numbers & wanted.numbers)
    differs = given.negated != wanted.negated
    score = 0.0
    if " ".join(output.casefold().split()) == " ".join(reference.casefold().split()):
        score, differs = 1.0 if output.strip() else 0.0, False
    elif shared:
        score = 0.7 * len(shared) / len(wanted.all) + 0.3 * len(shared) / len(given.all)
        if wanted.numbers:
            weight = 0.7 if given.numbers - wanted.numbers else 0.4
            score *= 1 - weight * (1 - numbers / len(wanted.numbers))
        score *= 0.5 if differs else 1.0
    return Agreement(score, words, len(wanted.words), numbers, len(wanted.numbers), differs)


def support(output: str, sources: str) -> Agreement:
    """How far what the output says is found in the sources."""
    given, known = bag(output), bag(sources)
    words, numbers = len(given.words & known.words), len(given.numbers & known.numbers)
    score = (words + numbers) / len(given.all) if given.all else 0.0
    if given.numbers:
        score *= 1 - 0.7 * (1 - numbers / len(given.numbers))
    return Agreement(score, words, len(given.words), numbers, len(given.numbers))


# Texts of one dataset share their words, so most tokens have been seen before.
@lru_cache(maxsize=1 << 16)
def _classified(token: str) -> tuple[_Kind, str]:
    """What a token is, and how it counts."""
    if token[-1].isdigit():
        return "number", _number(token)
    if token in _NEGATIONS or token.endswith(("n't", "n’t")):
        return "negation", token
    return ("stop", token) if token in _STOP else ("word", _stem(token))


def _number(token: str) -> str:
    plain = _THOUSANDS.sub("", token.replace("−", "-")).replace(",", ".")
    try:
        return f"{float(plain):.12g}"
    except ValueError:
        return plain


def _stem(word: str) -> str:
    """The word without a possessive or a plural s."""
    word = word.removesuffix("'s").removesuffix("’s")
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
