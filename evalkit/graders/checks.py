"""Checks: deterministic graders, local and free, that need no judge and no batch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final, Literal

from evalkit import ids
from evalkit.dataset import Case, Json
from evalkit.graders.criterion import Criterion
from evalkit.score import Status, Verdict

CheckName = Literal["exact", "includes", "regex"]
_LABELS: Final[Mapping[str, float]] = {"fail": 0.0, "pass": 1.0}


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named check with its options."""

    kind: ClassVar[str] = "check"

    name: str
    check: CheckName
    pattern: str | None = None
    ignore_case: bool = False
    strip: bool = True
    criteria: tuple[Criterion, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "criteria", (Criterion.of(self.name, _LABELS),))

    @cached_property
    def parts(self) -> dict[str, str]:
        """What shapes the check's answer."""
        return {
            "check": self.check,
            "pattern": self.pattern or "",
            "ignore_case": str(self.ignore_case),
            "strip": str(self.strip),
        }

    @property
    def spec(self) -> dict[str, object]:
        """All that makes this check, as JSON."""
        labels = [list(label) for label in self.criteria[0].labels]
        return {"name": self.name, **self.parts, "criteria": [{"name": self.name, "labels": labels}]}

    @cached_property
    def digest(self) -> str:
        """Digest of the parts and the check's name."""
        return ids.digest({"name": self.name, **self.parts})

    def verdict(self, case: Case, output: str) -> Verdict:
        """Pass or fail; unscored where the case has nothing to check against."""
        criterion = self.criteria[0]
        wanted = self._wanted(case)
        if wanted is None:
            return criterion.unscored(Status.MISSING, f"the case has no expected value for check {self.check!r}")
        passed, reason = self._apply(wanted, output)
        return criterion.verdict("pass" if passed else "fail", reason)

    def _wanted(self, case: Case) -> tuple[str, ...] | None:
        if self.check == "regex":
            return (self.pattern or "",)
        options = case.expected if isinstance(case.expected, list) else [case.expected]
        texts = [_text(option) for option in options if option is not None]
        # Every output includes an empty text, which would be a pass that nobody earned.
        return tuple(text for text in texts if text.strip() or self.check == "exact") or None

    def _apply(self, wanted: tuple[str, ...], output: str) -> tuple[bool, str]:
        test: Callable[[str], bool] = {
            "exact": self._equals,
            "includes": self._includes,
            "regex": self._matches,
        }[self.check](output)
        hit = next((option for option in wanted if test(option)), None)
        verb = {"exact": "equal", "includes": "contain", "regex": "match"}[self.check]
        if hit is not None:
            return True, f"the output {verb}{'es' if verb == 'match' else 's'} {hit[:80]!r}"
        return False, f"the output does not {verb} {' or '.join(repr(option[:80]) for option in wanted[:3])}"

    def _equals(self, output: str) -> Callable[[str], bool]:
        return lambda wanted: self._fold(wanted) == self._fold(output)

    def _includes(self, output: str) -> Callable[[str], bool]:
        return lambda wanted: self._fold(wanted) in self._fold(output)

    def _matches(self, output: str) -> Callable[[str], bool]:
        flags = re.IGNORECASE if self.ignore_case else re.NOFLAG
        return lambda wanted: re.search(wanted, output, flags) is not None

    def _fold(self, text: str) -> str:
        text = text.strip() if self.strip else text
        return text.casefold() if self.ignore_case else text


def _text(option: Json) -> str:
    """An accepted answer as a judge would read it."""
    if isinstance(option, str | int | float):
        return ids.scalar_text(option)
    return json.dumps(option, ensure_ascii=False, sort_keys=True)
