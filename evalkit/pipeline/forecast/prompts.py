"""The tokens of the prompts of a run: counted where they were, else told from earlier runs, else from bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evalkit.pipeline.forecast.counted import Sampled
from evalkit.pipeline.forecast.learned import Learned
from evalkit.pipeline.forecast.tokens import NOTHING, Spread, Text, Tokenizer
from evalkit.pipeline.forecast.weighed import Weighed

_FRAME: Final = Spread(low=3.0, usual=20.0, high=80.0, most=300.0)
"""What the API adds to a request: the frame of its messages, and its own words on the form of the reply."""
_SURE: Final = 3.0
"""Standard errors to each side of what a sample tells."""
_EXACT: Final = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """The tokens of the prompts of a run."""

    requests: int
    prefix: Spread
    """Of each request."""
    rows: Spread
    """Of all requests together, what each has beside the prefix."""
    tokenizer: Tokenizer
    factor: float | None
    """Tokens of the messages against what the constants say; None where only the constants are known."""
    error: float
    """Relative, of the messages."""
    told: str
    """In words, what it is told from."""

    @classmethod
    def of(cls, weighed: Weighed, model: str, learned: Learned, sampled: Sampled | None) -> Prompts:
        """The prompts of requests.

        Args:
            weighed: the requests.
            model: that reads them.
            learned: what the store tells of them.
            sampled: what was counted of them.
        """
        tokenizer, n = Tokenizer.of(model), len(weighed)
        prefix, rows = weighed.prefix.tokens(tokenizer), weighed.rows.tokens(tokenizer)
        pictures, known = weighed.pictures, sampled.prefix if sampled else learned.prefix_tokens
        if sampled is not None:
            factor, error = sampled.ratio, _SURE * sampled.error + _EXACT
            pictures = pictures.within(usual=pictures.usual * factor, error=error)
            told = _counted(sampled, n)
        elif scale := learned.scale(tokenizer, rows=known is not None):
            factor, error = scale.factor, scale.error
            runs = "1 run" if scale.runs == 1 else f"{scale.runs} runs"
            told = f"told from {runs} of {scale.what}"
        else:
            told = f"told from bytes, by what tokenizers {tokenizer.value} usually take"
            rows = rows + _FRAME.times(n) + pictures
            return cls(requests=n, prefix=prefix, rows=rows, tokenizer=tokenizer, factor=None, error=0.0, told=told)
        shared = prefix.within(usual=known or prefix.usual * factor, error=_EXACT if known else error)
        bounded = rows + _FRAME.times(n)
        return cls(
            requests=n,
            prefix=shared,
            rows=bounded.within(usual=rows.usual * factor, error=error) + pictures,
            tokenizer=tokenizer,
            factor=factor,
            error=error,
            told=told,
        )

    @property
    def total(self) -> Spread:
        """All tokens of all prompts."""
        return self.prefix.times(self.requests) + self.rows

    @property
    def row(self) -> Spread:
        """What a request has beside the prefix, in the mean."""
        return self.rows.times(1 / self.requests) if self.requests else NOTHING

    def frames(self, n: int) -> Spread:
        """What the API adds to so many requests; what earlier requests took has it in it already."""
        return _FRAME.times(n) if self.factor is None else Spread(low=0.0, usual=0.0, high=0.0, most=_FRAME.most * n)

    def row_of(self, text: Text, pictures: Spread) -> Spread:
        """What one request has beside the prefix."""
        said = text.tokens(self.tokenizer) + _FRAME
        if self.factor is None:
            return said + pictures
        usual = text.tokens(self.tokenizer).usual * self.factor
        return said.within(usual=usual, error=self.error) + pictures


def _counted(sampled: Sampled, n: int) -> str:
    if sampled.requests >= n:
        return f"counted by the API, all {n:,}" if n > 1 else "counted by the API"
    error = max(0.1, sampled.whole_error * 100)
    return f"counted by the API for {sampled.requests:,} of {n:,} requests (±{error:.1f} %)"
