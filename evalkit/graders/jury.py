"""A jury: several judges of the same outputs, whose verdicts become one by a rule.

Its run names them all in the place of its judge, so that its identity follows from theirs, and so that it is known of
any run of a jury, in any store, whose verdicts it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Self, cast

from evalkit.graders.samples import reduced
from evalkit.run import Judge, Run, RunKind
from evalkit.score import Status, Verdict

JuryReducer = Literal["mean", "majority", "all"]
_NAME: Final = re.compile(r"jury of (\d+): (.+) \((mean|majority|all)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jury:
    """Models that judge, each by itself, and how their verdicts become one."""

    models: tuple[str, ...]
    """In the order of their names: the order in which a config lists them makes no other jury."""
    reducer: JuryReducer

    @classmethod
    def of(cls, models: Sequence[str], reducer: JuryReducer) -> Self:
        """The jury of some models."""
        return cls(models=tuple(sorted(models)), reducer=reducer)

    @classmethod
    def of_run(cls, run: Run) -> Self | None:
        """The jury of a run; None where it is not a jury's."""
        if run.kind is not RunKind.JURY or run.judge is None:
            return None
        found = _NAME.fullmatch(run.judge.model)
        if found is None:
            return None
        return cls.of(found[2].split(", "), cast("JuryReducer", found[3]))

    @property
    def name(self) -> str:
        """What stands in the place of the judge's model."""
        return f"{self.short}: {', '.join(self.models)} ({self.reducer})"

    @property
    def short(self) -> str:
        """The same in few words."""
        return f"jury of {len(self.models)}"

    def judge(self, like: Judge) -> Judge:
        """The jury in the place of a judge, its members as hard thinking as that one."""
        return replace(like, model=self.name)

    def run(self, member: Run) -> Run:
        """The jury's run, beside that of a member."""
        assert member.judge is not None  # noqa: S101 # a member is a judge
        return replace(member, kind=RunKind.JURY, judge=self.judge(member.judge))

    def verdict(self, said: Sequence[Verdict]) -> Verdict:
        """What the jury says of a case, from its members' verdicts in the order of the models."""
        found = reduced(said, self.reducer)
        told = ", ".join(f"{model}: {_word(one)}" for model, one in zip(self.models, said, strict=True))
        return replace(found, reason=f"{found.reason} ({told})")


def members(run: Run) -> tuple[Run, ...]:
    """The runs that a jury's run is derived from, in the order of its models; none of another run."""
    jury = Jury.of_run(run)
    if jury is None or run.judge is None:
        return ()
    return tuple(replace(run, kind=RunKind.GRADING, judge=replace(run.judge, model=model)) for model in jury.models)


def jurors(model: str) -> tuple[str, ...]:
    """The models of a jury that stands in the place of a judge's model; none of a model."""
    found = _NAME.fullmatch(model)
    return tuple(found[2].split(", ")) if found else ()


def is_jury(model: str) -> bool:
    """Whether what stands in the place of a judge's model is a jury."""
    return bool(jurors(model))


def short_judge(model: str) -> str:
    """A judge in few words: a jury without its members."""
    return model.partition(":")[0] if is_jury(model) else model


def _word(verdict: Verdict) -> str:
    if verdict.status is not Status.SCORED:
        return verdict.status.value
    return verdict.label or f"{verdict.value:g}"
