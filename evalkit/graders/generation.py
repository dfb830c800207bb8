"""Generation: a candidate's prompt put to its model, one request per case, and the reply that becomes its output.

To the pipeline it is what a rubric is: cases go to a model, and each reply gets a score. What is scored is only
whether there is an answer, under the one criterion `output`; the text itself becomes the candidate's output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Final, Self, cast

from evalkit import ids
from evalkit.candidate import Generator
from evalkit.dataset import Case
from evalkit.graders.attached import with_attachments
from evalkit.graders.criterion import Criterion
from evalkit.graders.fields import CannotAskError, as_text
from evalkit.graders.parse import parse
from evalkit.graders.prompt import PromptTemplate
from evalkit.graders.rubric import CacheTtl
from evalkit.reply import Reply
from evalkit.run import Judge
from evalkit.score import Status, Verdict

NAME: Final = "(generation)"
ANSWERED: Final = "answered"
_CRITERION: Final = Criterion.of("output", {"unanswered": 0.0, ANSWERED: 1.0})
_ROLES: Final = ("user", "assistant")


class Generation:
    """What puts cases to the model of a candidate."""

    kind: ClassVar[str] = "generation"
    name: str = NAME
    criteria: tuple[Criterion, ...] = (_CRITERION,)
    suffixes: tuple[str, ...] = ("",)

    def __init__(self, *, prompt: str, where: str = "prompt") -> None:
        """Compile the prompt.

        Raises:
            ConfigError: it is not Jinja2, prints what no candidate may see, or part of it would never be sent.
        """
        self._source, self._where = prompt, where
        self._template = PromptTemplate(prompt, where=where)

    @classmethod
    def of(cls, generator: Generator) -> Self:
        """The generation of a candidate's outputs."""
        return cls(prompt=generator.prompt, where=generator.where)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        """The generation that `spec` describes."""
        return cls(prompt=spec["prompt"], where=spec["where"])

    @property
    def spec(self) -> dict[str, object]:
        """All that makes it, as JSON."""
        return {
            "name": self.name,
            "prompt": self._source,
            "where": self._where,
            "criteria": [criterion.spec for criterion in self.criteria],
            "system": list(self.system),
        }

    @property
    def system(self) -> tuple[str, ...]:
        """The blocks of the system prompt; none where the prompt has none."""
        return (self._template.system,) if self._template.system else ()

    @property
    def parts(self) -> dict[str, str]:
        """What shapes the answers, part by part."""
        return {"prompt": ids.text_digest(self._source)}

    @property
    def digest(self) -> str:
        """Digest of the parts and the name."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return ids.digest({"name": self.name, **self.parts})

    def params(self, judge: Judge, ttl: CacheTtl | None) -> dict[str, object]:
        """The Messages parameters that every request of a run shares; all but `messages`."""
        params: dict[str, object] = {"model": judge.model, "max_tokens": judge.max_tokens}
        if self._template.system:
            block: dict[str, object] = {"type": "text", "text": self._template.system}
            if ttl:
                block["cache_control"] = {"type": "ephemeral", "ttl": ttl}
            params["system"] = [block]
        if judge.effort:
            params["output_config"] = {"effort": judge.effort}
        return params

    def messages(self, case: Case, output: str) -> Iterator[tuple[Sequence[str], list[dict[str, object]]]]:  # noqa: ARG002 # there is none yet
        """The `messages` that put one case to the model.

        Raises:
            CannotAskError: the case lacks a field that the prompt prints, or is a conversation that cannot be sent.
        """
        shown = self._template.shows_case
        turns = [_user(self._template.case(case))] if shown else _turns(case)
        yield self.suffixes, with_attachments(turns, case)

    def parse(self, reply: Reply, suffix: str = "") -> tuple[Verdict, ...]:  # noqa: ARG002 # one request per case
        """Whether there is an answer."""
        return parse(reply, self.criteria, _read, who="model")


def _read(text: str, criteria: Sequence[Criterion]) -> tuple[Verdict, ...]:
    if not text.strip():
        return tuple(criterion.unscored(Status.UNPARSABLE, "the reply is empty") for criterion in criteria)
    return tuple(criterion.verdict(ANSWERED, None) for criterion in criteria)


def _user(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


def _turns(case: Case) -> list[dict[str, object]]:
    """The case's input as it is sent where the prompt does not say how: a text, a conversation, or JSON."""
    if not isinstance(case.input, list):
        return [_user(as_text(case.input))]
    items = cast("list[dict[str, Any]]", case.input)
    for number, item in enumerate(items):
        if item["role"] == "system":
            raise CannotAskError(
                "the conversation has a system turn, and a run's system prompt is the same for all its cases; put it "
                "into the prompt's system block, or leave it out of the input"
            )
        if item["role"] not in _ROLES:
            raise CannotAskError(f"turn {number + 1} is by {item['role']!r}, and a model knows user and assistant")
    if items[0]["role"] != "user" or items[-1]["role"] != "user":
        raise CannotAskError("the conversation must begin and end with the user's turn, which the model is to answer")
    return [{"role": item["role"], "content": _text(item["content"], number)} for number, item in enumerate(items)]


def _text(content: object, number: int) -> str:
    """The text of a turn, which may be given as text blocks."""
    blocks = cast("list[object]", content) if isinstance(content, list) else [{"type": "text", "text": content}]
    texts: list[str] = []
    for one in blocks:
        block = cast("dict[str, object]", one) if isinstance(one, dict) else {}
        if block.get("type") != "text" or not isinstance(block.get("text"), str):
            raise CannotAskError(f"turn {number + 1} holds more than text; name files as the case's attachments")
        texts.append(str(block["text"]))
    text = "\n".join(texts)
    if not text.strip():
        raise CannotAskError(f"turn {number + 1} is empty")
    return text
