"""Promptfoo's assertions as checks of evalkit: a case's own stand in its metadata, under `assert`.

Written by `evalkit import`, for you to keep and to change. Each function takes a case and an output, and returns
whether it passes with a reason, or None where the case has nothing to check.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree


def assertions(case: Any, output: str) -> tuple[bool | None, str]:
    """All assertions of the case: each passes, or their weighted mean reaches the case's threshold."""
    return _together(case.metadata.get("assert"), case.metadata.get("threshold"), output)


def of_metric(case: Any, output: str, metric: str) -> tuple[bool | None, str]:
    """Those of one metric."""
    given: list[Any] = case.metadata.get("assert") or []
    named = [one for one in given if one.get("metric") == metric]
    return _together(named, None, output)


def _together(given: Any, threshold: Any, output: str) -> tuple[bool | None, str]:
    if not given:
        return None, "the case has no assertion of this kind"
    found = [(_weight(one), *_one(one, output)) for one in given]
    counted = [one for one in found if one[0] > 0]
    failed = [reason for _, passes, reason in counted if not passes]
    if threshold is None:
        return not failed, "; ".join(failed) or f"{len(found)} of {len(found)} assertions hold"
    total = sum(weight for weight, _, _ in counted)
    score = sum(weight for weight, passes, _ in counted if passes) / total if total else 1.0
    return score >= float(threshold), f"{score:.2f} of {float(threshold):g} that are needed; {'; '.join(failed)}"


def _weight(one: Any) -> float:
    return float(one.get("weight", 1))


def _one(one: Any, output: str) -> tuple[bool, str]:
    """Whether one assertion holds, and in words."""
    kind, value = one["type"], one.get("value")
    if kind == "assert-set":
        passes, reason = _together(one["assert"], one.get("threshold"), output)
        return bool(passes), reason
    passes = CHECKS[kind](output, value, one.get("threshold"))
    wanted = passes is not bool(one.get("not"))
    named = f"{'not-' if one.get('not') else ''}{kind}"
    return wanted, f"{named} {json.dumps(value, ensure_ascii=False)[:80]}" + (" holds" if wanted else " does not hold")


def _equals(output: str, value: Any, _: Any) -> bool:
    if isinstance(value, dict | list):
        try:
            return bool(json.loads(output) == value)
        except ValueError:
            return False
    return output == _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _contains(output: str, value: Any, _: Any) -> bool:
    return all(_text(one) in output for one in _listed(value))


def _contains_any(output: str, value: Any, _: Any) -> bool:
    return any(_text(one) in output for one in _listed(value))


def _icontains(output: str, value: Any, _: Any) -> bool:
    return all(_text(one).lower() in output.lower() for one in _listed(value))


def _icontains_any(output: str, value: Any, _: Any) -> bool:
    return any(_text(one).lower() in output.lower() for one in _listed(value))


def _listed(value: Any) -> list[Any]:
    return [*value] if type(value).__name__ == "list" else [value]


def _starts_with(output: str, value: Any, _: Any) -> bool:
    return output.startswith(_text(value))


def _regex(output: str, value: Any, _: Any) -> bool:
    return re.search(_text(value), output) is not None


def _is_json(output: str, value: Any, _: Any) -> bool:
    try:
        return _fits(json.loads(output), value)
    except ValueError:
        return False


def _contains_json(output: str, value: Any, _: Any) -> bool:
    decoder = json.JSONDecoder()
    for hit in re.finditer(r"[\[{]", output):
        try:
            found, _end = decoder.raw_decode(output, hit.start())
        except ValueError:
            continue
        if _fits(found, value):
            return True
    return False


def _fits(document: Any, schema: Any) -> bool:
    if not schema:
        return True
    from jsonschema.validators import validator_for
    from referencing import Registry

    return bool(validator_for(schema)(schema, registry=Registry()).is_valid(document))


def _is_xml(output: str, _: Any, __: Any) -> bool:
    try:
        ElementTree.fromstring("" if "<!ENTITY" in output else output.strip())  # noqa: S314 # no entities to expand
    except ElementTree.ParseError:
        return False
    return True


def _levenshtein(output: str, value: Any, threshold: Any) -> bool:
    return _distance(output, _text(value)) <= (5 if threshold is None else float(threshold))


def _distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        before, row[0] = row[0], place
        for at, wanted in enumerate(other, start=1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (letter != wanted))
    return row[-1]


def _rouge(output: str, value: Any, threshold: Any) -> bool:
    given, wanted = (Counter(re.findall(r"\w+", text.lower())) for text in (output, _text(value)))
    share = sum((given & wanted).values()) / sum(wanted.values()) if wanted else 0.0
    return share >= (0.75 if threshold is None else float(threshold))


def _word_count(output: str, value: Any, _: Any) -> bool:
    n = len(output.split())
    if type(value).__name__ == "dict":
        return float(value.get("min", 0)) <= n <= float(value.get("max", n))
    return n == int(value)


CHECKS = {
    "equals": _equals,
    "contains": _contains,
    "contains-all": _contains,
    "contains-any": _contains_any,
    "icontains": _icontains,
    "icontains-all": _icontains,
    "icontains-any": _icontains_any,
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": _is_json,
    "contains-json": _contains_json,
    "is-xml": _is_xml,
    "levenshtein": _levenshtein,
    "rouge-n": _rouge,
    "word-count": _word_count,
}
