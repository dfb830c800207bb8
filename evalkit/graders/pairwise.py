"""A pairwise grader: a candidate's output beside that of another candidate, put to a judge in both orders.

The judge sees the two as `first` and `second`, and never a name. Whatever place a candidate stands in, a verdict is
kept from its side: win, tie or loss. A judge that prefers a place contradicts itself when the outputs change places,
and that stays to be seen: the case then scores one half.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, ClassVar, Final, Self

from evalkit import ids
from evalkit.candidate import Candidate
from evalkit.dataset import Case
from evalkit.graders.criterion import Criterion
from evalkit.graders.params import CacheTtl, judge_params
from evalkit.graders.parse import parse, read_json, schema
from evalkit.graders.samples import ORDERS
from evalkit.graders.template import RubricTemplate, prompt_text
from evalkit.reply import Reply
from evalkit.run import Judge
from evalkit.score import Verdict

BASELINE_PART: Final = "baseline outputs"
WIN: Final = "win"
TIE: Final = "tie"
LOSS: Final = "loss"
_AB, _BA = ORDERS
_FORM: Final = (
    "# Verdict\n\nWhich of the two outputs fares better under the rubric: {menu}?\n\n"
    'Answer with one JSON object and nothing else: "reasoning" first, a string of a few sentences, then "verdict".'
)
_MENUS: Final = {
    True: "second, first, or tie where neither fares better",
    False: "second or first; there is no tie, so where they are close, the smallest difference decides",
}


class NoBaselineOutputError(ValueError):
    """The other candidate has no output for a case, so that there is nothing to put beside this one's."""


class PairwiseGrader:
    """A grader whose judge chooses between the outputs of two candidates."""

    kind: ClassVar[str] = "pairwise"

    def __init__(
        self,
        *,
        name: str,
        rubric: str,
        against: str,
        where: str = "rubric",
        ties: bool = True,
        policy: str | None = None,
        baseline_digest: str | None = None,
        baseline: Candidate | None = None,
    ) -> None:
        """Compile the rubric.

        Args:
            name: the grader's name.
            rubric: Jinja2 source, with blocks or plain.
            against: the name of the candidate whose outputs stand beside those under test.
            where: the file or key the rubric comes from, for errors.
            ties: whether a judge may call two outputs equally good.
            policy: what the rubric prints as `policy`.
            baseline_digest: the digest of the candidate `against`, where its outputs are not at hand.
            baseline: the candidate `against`, with its outputs.

        Raises:
            ConfigError: the rubric is not Jinja2, is empty, wants a case in its static part, or hides an output.
        """
        self.name, self.against, self.ties = name, against, ties
        self.baseline = baseline
        self.baseline_digest = baseline.digest if baseline else baseline_digest
        self._source, self._where, self._policy = rubric, where, policy
        self._template = RubricTemplate(rubric, where=where, policy=policy, base="pairwise.md.j2")
        self._template.must_show("first", "second")
        # A case whose orders disagree ties, whether a judge may say so or not.
        self.criteria = (Criterion.of(name, {LOSS: 0, TIE: 0.5, WIN: 1}),)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        """The grader that `spec` describes; to put cases to a judge it takes the baseline's outputs: see `beside`."""
        return cls(
            name=spec["name"],
            rubric=spec["rubric"],
            against=spec["against"],
            where=spec["where"],
            ties=spec["ties"],
            policy=spec.get("policy"),
            baseline_digest=spec["baseline"],
        )

    def beside(self, baseline: Candidate) -> Self:
        """The same grader, with the candidate that the others are put beside."""
        return type(self)(
            name=self.name,
            rubric=self._source,
            against=self.against,
            where=self._where,
            ties=self.ties,
            policy=self._policy,
            baseline=baseline,
        )

    @property
    def suffixes(self) -> tuple[str, ...]:
        """`ab`: the candidate's output is shown first; `ba`: that of the baseline is."""
        return ORDERS

    @property
    def spec(self) -> dict[str, object]:
        """All that makes this grader, as JSON; two judgements are reduced to one score by the order they are in."""
        policy = {"policy": self._policy} if self._policy is not None else {}
        return {
            "name": self.name,
            "rubric": self._source,
            "criteria": [criterion.spec for criterion in self.criteria],
            "where": self._where,
            "against": self.against,
            "baseline": self._bound,
            "ties": self.ties,
            "samples": len(self.suffixes),
            "reducer": "orders",
            "system": list(self.system),
            **policy,
        }

    @cached_property
    def system(self) -> tuple[str, str]:
        """The two blocks of the system prompt."""
        form = _FORM.format(menu=_MENUS[self.ties])
        return prompt_text("pairwise.md").strip(), f"# Rubric\n\n{self._template.rubric}\n\n{form}"

    @property
    def parts(self) -> dict[str, str]:
        """What shapes a judge's answer, part by part; the baseline's outputs do as much as the rubric does.

        Raises:
            TypeError: the candidate `against` has not been looked up yet.
        """
        return {**self.question, BASELINE_PART: self._bound}

    @cached_property
    def question(self) -> dict[str, str]:
        """The parts that are the same whichever candidates stand beside each other."""
        return {
            "rubric": ids.text_digest(self._template.rubric),
            "case block": ids.text_digest(self._template.case_source),
            "ties": "allowed" if self.ties else "not allowed",
            "reply format": "json",
            "template version": _template_version(),
        }

    @property
    def digest(self) -> str:
        """Digest of the parts and the grader's name."""
        return ids.digest({"name": self.name, **self.parts})

    def prompt(self, case: Case, output: str, suffix: str = _AB) -> str:
        """The user message that puts one output beside the baseline's, in one of the two orders.

        Raises:
            RenderError: the case lacks a field that the rubric's case block prints.
            NoBaselineOutputError: the baseline has no output for the case.
        """
        other = self._other(case)
        first, second = (output, other) if suffix == _AB else (other, output)
        return self._template.pair(case, first, second)

    def messages(self, case: Case, output: str) -> Iterator[tuple[Sequence[str], list[dict[str, object]]]]:
        """The `messages` of both orders.

        Raises:
            RenderError: the case lacks a field that the rubric's case block prints.
            NoBaselineOutputError: the baseline has no output for the case.
        """
        for suffix in self.suffixes:
            yield (suffix,), [{"role": "user", "content": self.prompt(case, output, suffix)}]

    def params(self, judge: Judge, ttl: CacheTtl | None) -> dict[str, object]:
        """The Messages parameters that every request of a run shares; all but `messages`."""
        return judge_params(judge, self.system, ttl, schema=schema([_said(self.name, ties=self.ties)]))

    def parse(self, reply: Reply, suffix: str = "") -> tuple[Verdict, ...]:
        """The verdict from the candidate's side; `suffix` tells in which place its output stood."""
        if suffix not in self.suffixes:
            raise ValueError(f"a pairwise grader sends no request with the suffix {suffix!r}")
        (said,) = parse(reply, [_said(self.name, ties=self.ties)], read_json)
        if said.label is None or said.value is None:
            return (said,)
        return (self.criteria[0].verdict(_flipped(said.label, suffix), said.reason),)

    @property
    def _bound(self) -> str:
        if self.baseline_digest is None:
            raise TypeError(f"grader {self.name!r} has not been given the outputs of {self.against!r} yet")
        return self.baseline_digest

    def _other(self, case: Case) -> str:
        if self.baseline is None:
            raise TypeError(f"grader {self.name!r} has not been given the outputs of {self.against!r} yet")
        other = self.baseline.output(case)
        if other is None:
            raise NoBaselineOutputError(
                f"candidate {self.against!r}, which the others are put beside, has no output for this case"
            )
        return other


def _said(name: str, *, ties: bool) -> Criterion:
    """What a judge may answer, with its value for the output shown first."""
    return Criterion.of(name, {"second": 0, **({"tie": 0.5} if ties else {}), "first": 1})


def _flipped(said: str, suffix: str) -> str:
    """The judge's word from the candidate's side."""
    if said == TIE:
        return TIE
    return WIN if (said == "first") == (suffix == _AB) else LOSS


@cache
def _template_version() -> str:
    return ids.digest([prompt_text("pairwise.md"), prompt_text("pairwise.md.j2"), _FORM, *_MENUS.values()])
