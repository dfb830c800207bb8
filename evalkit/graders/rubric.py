"""A rubric grader: a rubric and labels, put to a judge model as one request per case.

The system prompt has two blocks, byte-identical in every row of a run: evalkit's instructions to any judge, and
this grader's rubric with the cache breakpoint at its end. Everything that differs per case is in the user message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache, cached_property
from typing import Any, ClassVar, Final, Self

from evalkit import ids
from evalkit.dataset import Case
from evalkit.graders.attached import with_attachments
from evalkit.graders.criterion import Criterion
from evalkit.graders.examples import Example, examples_text
from evalkit.graders.guard import Guard
from evalkit.graders.params import CacheTtl, judge_params
from evalkit.graders.parse import Reader, keys, parse, read_json, schema, text_reader
from evalkit.graders.samples import Reducer, suffixes
from evalkit.graders.template import RubricTemplate, prompt_text
from evalkit.reply import Reply
from evalkit.run import Judge
from evalkit.score import Verdict

_FORM: Final = "# Verdict\n\nThe labels, from worst to best:\n{menus}\n\n{how}"
_JSON_FORM: Final = (
    'Answer with one JSON object and nothing else: "reasoning" first, a string of a few sentences, then {keys}.'
)
_TEXT_FORM: Final = "First give your reasoning in a few sentences. Then state your verdict as the last line."


class RubricGrader:
    """A grader answered by a judge model."""

    kind: ClassVar[str] = "rubric"

    def __init__(
        self,
        *,
        name: str,
        rubric: str,
        criteria: Sequence[Criterion],
        where: str = "rubric",
        verdict_pattern: str | None = None,
        samples: int = 1,
        reducer: Reducer = "mean",
        examples: Sequence[Example] = (),
        policy: str | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Compile the rubric.

        Args:
            name: the grader's name.
            rubric: Jinja2 source, with blocks or plain.
            criteria: what is scored; one, or several in one reply.
            where: the file or key the rubric comes from, for errors.
            verdict_pattern: for judges that answer in plain text: a regular expression whose last match binds.
            samples: how often each output is judged.
            reducer: how the judgements of one output become its score.
            examples: judged outputs to show to the judge, in the part of the prompt that is cached.
            policy: what the rubric prints as `policy`.
            guard: the check that an output must pass to be sent.

        Raises:
            ConfigError: the rubric is not Jinja2, is empty, or wants a case in its static part.
        """
        self.name = name
        self.criteria = tuple(criteria)
        self.samples, self.reducer = samples, reducer
        self.guard = guard
        self.examples = tuple(examples)
        self._source, self._where, self._policy = rubric, where, policy
        self._pattern = verdict_pattern
        self._read: Reader = text_reader(verdict_pattern) if verdict_pattern else read_json
        self._template = RubricTemplate(rubric, where=where, policy=policy)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        """The grader that `spec` describes, to parse replies and show prompts without its config."""
        return cls(
            name=spec["name"],
            rubric=spec["rubric"],
            criteria=[Criterion.from_spec(item) for item in spec["criteria"]],
            where=spec["where"],
            verdict_pattern=spec["verdict_pattern"],
            samples=spec.get("samples", 1),
            reducer=spec.get("reducer", "mean"),
            examples=[Example(**item) for item in spec.get("examples", ())],
            policy=spec.get("policy"),
            guard=Guard.from_spec(spec["guard"]) if "guard" in spec else None,
        )

    def sampled(self, samples: int) -> Self:
        """The same grader, judging each output so many times and taking the mean, of outputs that passed its guard."""
        guard = {"guard": replace(self.guard, settled=True).spec} if self.guard else {}
        return self.from_spec({**self.spec, "samples": samples, "reducer": "mean", **guard})

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffix of each request that one output takes; one without a suffix where it is judged once."""
        return suffixes(self.samples)

    @property
    def spec(self) -> dict[str, object]:
        """All that makes this grader, as JSON."""
        sampled = {"samples": self.samples, "reducer": self.reducer} if self.samples > 1 else {}
        shown = {"examples": [asdict(example) for example in self.examples]} if self.examples else {}
        policy = {"policy": self._policy} if self._policy is not None else {}
        guard = {"guard": self.guard.spec} if self.guard else {}
        return {
            "name": self.name,
            "rubric": self._source,
            "criteria": [criterion.spec for criterion in self.criteria],
            "where": self._where,
            "verdict_pattern": self._pattern,
            "system": list(self.system),
            **sampled,
            **shown,
            **policy,
            **guard,
        }

    @cached_property
    def system(self) -> tuple[str, str]:
        """The two blocks of the system prompt."""
        shown = examples_text(self.examples, [key for _, key in keys(self.criteria)])
        return prompt_text("judge.md").strip(), f"# Rubric\n\n{self._template.rubric}\n\n{shown}{self._form}"

    @property
    def parts(self) -> dict[str, str]:
        """What shapes a judge's answer, part by part, so that a difference can be named."""
        return self._parts

    @cached_property
    def _parts(self) -> dict[str, str]:
        sampled = {"samples": f"{self.samples}, {self.reducer}"} if self.samples > 1 else {}
        return {
            "rubric": ids.text_digest(self._template.rubric),
            "case block": ids.text_digest(self._template.case_source),
            "labels": ids.digest([_named(criterion) for criterion in self.criteria]),
            "reply format": self._pattern or "json",
            "template version": _template_version(),
            **sampled,
            **({"guard": self.guard.part} if self.guard else {}),
            **({"examples": ids.text_digest(self.system[1])} if self.examples else {}),
        }

    @property
    def digest(self) -> str:
        """Digest of the parts and the grader's name."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return ids.digest({"name": self.name, **self.parts})

    def prompt(self, case: Case, output: str) -> str:
        """The user message that puts one output to the judge.

        Raises:
            RenderError: the case lacks a field that the rubric's case block prints.
        """
        return self._template.case(case, output)

    def messages(self, case: Case, output: str) -> Iterator[tuple[Sequence[str], list[dict[str, object]]]]:
        """The `messages` that put one output to the judge: the same for each sample.

        Raises:
            RenderError: the case lacks a field that the rubric's case block prints.
        """
        yield self.suffixes, with_attachments([{"role": "user", "content": self.prompt(case, output)}], case)

    def params(self, judge: Judge, ttl: CacheTtl | None) -> dict[str, object]:
        """The Messages parameters that every request of a run shares; all but `messages`."""
        return judge_params(judge, self.system, ttl, schema=None if self._pattern else schema(self.criteria))

    def parse(self, reply: Reply, suffix: str = "") -> tuple[Verdict, ...]:  # noqa: ARG002 # samples are alike
        """One verdict per criterion."""
        return parse(reply, self.criteria, self._read)

    @property
    def _form(self) -> str:
        menus = "\n".join(_menu(criterion) for criterion in self.criteria)
        keys = '"verdict"' if len(self.criteria) == 1 else ", ".join(f'"{c.name}"' for c in self.criteria)
        return _FORM.format(menus=menus, how=_TEXT_FORM if self._pattern else _JSON_FORM.format(keys=keys))


def _named(criterion: Criterion) -> list[object]:
    """What of a criterion is part of the grader's digest."""
    labels = [list(label) for label in criterion.labels]
    return [criterion.name, labels] if criterion.unsure is None else [criterion.name, labels, criterion.unsure]


def _menu(criterion: Criterion) -> str:
    unsure = "" if criterion.unsure is None else f"; or, where the case does not allow a verdict: {criterion.unsure}"
    return f"- {criterion.name}: {', '.join(criterion.names)}{unsure}"


@cache
def _template_version() -> str:
    return ids.digest([prompt_text("judge.md"), prompt_text("base.md.j2"), _FORM, _JSON_FORM, _TEXT_FORM])
