"""What is asked of a model: the seam between a grader, or whatever else puts cases to a model, and its requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from evalkit.dataset import Case
from evalkit.graders.criterion import Criterion
from evalkit.graders.generation import Generation
from evalkit.graders.pairwise import PairwiseGrader
from evalkit.graders.rubric import CacheTtl, RubricGrader
from evalkit.reply import Reply
from evalkit.run import Judge
from evalkit.score import Verdict


@runtime_checkable
class Asked(Protocol):
    """What puts cases to a model, as one request or several for each, and reads the replies."""

    kind: ClassVar[str]
    """Which kind it is kept as, for `kept`."""
    name: str
    criteria: tuple[Criterion, ...]
    """What is scored in each reply."""

    @property
    def parts(self) -> dict[str, str]:
        """What shapes the answers, part by part."""
        ...

    @property
    def digest(self) -> str:
        """Digest of the parts and the name."""
        ...

    @property
    def spec(self) -> dict[str, object]:
        """All that makes it, as JSON: `kept` makes the same of it."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffix of each request that one output takes; one without a suffix where it takes one."""
        ...

    def params(self, judge: Judge, ttl: CacheTtl | None) -> dict[str, object]:
        """The Messages parameters that every request of a run shares; all but `messages`."""
        ...

    def messages(self, case: Case, output: str) -> Iterator[tuple[Sequence[str], list[dict[str, object]]]]:
        """The `messages` of the requests of one output, each with the suffixes of the requests that have it.

        Raises:
            RenderError: the case lacks what is printed.
        """
        ...

    def parse(self, reply: Reply, suffix: str = "") -> tuple[Verdict, ...]:
        """One verdict per criterion; `suffix` tells which of a case's requests the reply answers."""
        ...


def kept(kind: str, spec: Mapping[str, Any]) -> Asked:
    """What the store keeps under a kind and a spec."""
    if kind == PairwiseGrader.kind:
        return PairwiseGrader.from_spec(spec)
    if kind == Generation.kind:
        return Generation.from_spec(spec)
    if kind != RubricGrader.kind:
        raise TypeError(f"a grader of kind {kind!r} asks nothing of a model")
    return RubricGrader.from_spec(spec)
