"""A case: one row of a dataset, with its values made the same whatever file they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from evalkit import ids

if TYPE_CHECKING:
    from evalkit.dataset.attachment import Attachment

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
SPLIT: Final = "split:"
"""How the tag begins that says which split a case is of."""


def _no_metadata() -> Mapping[str, Json]:
    return {}


def _no_outputs() -> Mapping[str, str]:
    return {}


def _no_labels() -> Mapping[str, Json]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of a dataset.

    Members of objects that are null are left out at every depth, because a Parquet file cannot tell null from
    absent; so no case differs between file formats.
    """

    id: str
    input: str | list[Json] | dict[str, Json]
    """A text, a list of `{role, content}` messages, or an object; never empty."""
    expected: str | list[Json] | dict[str, Json] | None = None
    """The reference: a text, a list (several accepted answers) or an object; `None` where there is none."""
    metadata: Mapping[str, Json] = field(default_factory=_no_metadata)
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    """Cases of one cluster are not independent of each other (one document, one conversation)."""
    attachments: tuple[Attachment, ...] = ()
    """Images and PDFs that are part of the input."""
    output: str | None = None
    """The output of a candidate that the dataset itself records."""
    outputs: Mapping[str, str] = field(default_factory=_no_outputs)
    """The outputs of candidates that name a column of the dataset, by column."""
    labels: Mapping[str, Json] = field(default_factory=_no_labels)
    """What people said of the case's outputs, by column; no judge sees it."""
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def split(self) -> str | None:
        """The split it is of (train, dev, test): a tag like any other, so that scores can be looked at by it."""
        return next((tag.removeprefix(SPLIT) for tag in self.tags if tag.startswith(SPLIT)), None)

    @property
    def digest(self) -> str:
        """SHA-256 of `input`, `expected`, `metadata` and attached bytes: exactly what of a case may shape an answer.

        Not in it: `id`, `tags` and `cluster`, which only join and group scores, `output` and `outputs`, which
        belong to candidates, and the `labels` of people. Numbers count as the text they render to; the order of
        keys does not count.
        """
        if self._digest is None:
            content: dict[str, object] = {"input": self.input, "expected": self.expected, "metadata": self.metadata}
            if self.attachments:
                content["attachments"] = [[one.media_type, one.digest] for one in self.attachments]
            object.__setattr__(self, "_digest", ids.digest(content))  # frozen, so it is worked out once
        return cast("str", self._digest)
