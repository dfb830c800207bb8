"""The Messages parameters that every request to a judge shares: the cached system prompt and the form of the reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from evalkit.run import Judge

CacheTtl = Literal["5m", "1h"]


def judge_params(
    judge: Judge, system: tuple[str, str], ttl: CacheTtl | None, *, schema: Mapping[str, object] | None
) -> dict[str, object]:
    """All but `messages`; the cache breakpoint stands at the end of the second block of the system prompt.

    Args:
        judge: the model, and how hard it thinks.
        system: evalkit's instructions, and the grader's rubric.
        ttl: how long the prefix is to stay cached; None for no cache.
        schema: of a reply in JSON; None where the judge answers in free text.
    """
    config: dict[str, object] = {}
    if schema is not None:
        config["format"] = {"type": "json_schema", "schema": schema}
    if judge.effort:
        config["effort"] = judge.effort
    instructions, rubric = system
    last: dict[str, object] = {"type": "text", "text": rubric}
    if ttl:
        last["cache_control"] = {"type": "ephemeral", "ttl": ttl}
    params: dict[str, object] = {"model": judge.model, "max_tokens": judge.max_tokens}
    params["system"] = [{"type": "text", "text": instructions}, last]
    if config:
        params["output_config"] = config
    return params
