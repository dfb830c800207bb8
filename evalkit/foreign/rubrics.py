"""Rubrics around a criterion of others: their text stands in a template, and is never one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

NO_CRITERION: Final = "no_criterion"
_MARKUP: Final = re.compile(r"\{[{%#]")
_HOW: Final = """\
- pass: the output satisfies all of it.
- fail: it does not, or satisfies only a part of it.

Judge by the criterion alone: neither length nor style counts unless it asks for them."""


def static(text: str) -> str:
    """A text that a template prints as it is, whatever stands in it."""
    return _MARKUP.sub(lambda hit: f"{{{{ '{hit[0]}' }}}}", text)


def criterion_rubric(criterion: str) -> str:
    """A rubric whose criterion is the same for every case."""
    asked = "Does the output satisfy this criterion?"
    return f"{{% block rubric %}}\n{asked}\n\n{static(criterion)}\n\n{_HOW}\n{{% endblock %}}\n"


def per_case_rubric(key: str, *, some: bool) -> str:
    """A rubric whose criterion stands in the metadata of each case; of `some` cases only."""
    none = f"\n\nWhere the case names no criterion, the verdict is {NO_CRITERION}." if some else ""
    shown = f"{{{{ metadata.{key} }}}}"
    if some:
        shown = f'{{% if "{key}" in metadata %}}\n{shown}\n{{% else %}}\nThis case names no criterion.\n{{% endif %}}'
    return (
        "{% block rubric %}\n"
        f"The case names the criterion for its output. Does the output satisfy it?\n\n{_HOW}{none}\n"
        "{% endblock %}\n"
        "{% block case %}\n"
        f"{{{{ input }}}}\n\n{shown}\n\n{{{{ output }}}}\n"
        "{% endblock %}\n"
    )


def referring_rubric(messages: str, shown: Mapping[str, str]) -> str:
    """A rubric of the judge's prompt of another tool, whose variables stand in backquotes as the parts of the case.

    Args:
        messages: the text, its variables already written as `name`.
        shown: what the case block prints, by the name that it has in the text.
    """
    parts = "\n\n".join(f"{{{{ {expression} }}}}" for expression in shown.values())
    names = ", ".join(f"`{name}`" for name in shown)
    return (
        f"{{% block rubric %}}\n{static(messages)}\n\n"
        f"The parts of the case that this text names ({names}) are below it. Answer in the form that is asked for "
        "here, whatever form the text asks for.\n{% endblock %}\n"
        f"{{% block case %}}\n{parts}\n{{% endblock %}}\n"
    )
