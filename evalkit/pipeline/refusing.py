"""Refusing: what is said where a command would cost more than it may."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from evalkit.errors import UsageError
from evalkit.graders.jury import members, short_judge
from evalkit.pipeline.suite import PlannedRun
from evalkit.pricing import Prices, Rates
from evalkit.store import Refusal

_SHOWN: Final = 6
"""Runs that are told by name."""
_LIFT: Final = "; or lift the budget: evalkit budget --lift"
_CAUTION: Final = 0.9
"""Of the share of the cases that would fit by their number: some are longer than others."""


class LimitError(UsageError):
    """What a command would send may cost more than it may: nothing is sent."""


def refused(refusal: Refusal, planned: Sequence[PlannedRun], prices: Prices | None) -> LimitError:
    """The error of a command that is not within a limit: the amount, by run, and what would fit."""
    limit, asked = refusal.limit, {run: usd for run, usd in refusal.asked.items() if usd is None or usd > 0}
    names = {one.run.id: f"{one.run.candidate} × {one.run.grader}" for one in planned}
    unknown = [run for run, usd in asked.items() if usd is None]
    # Of what was there before, and not of what is asked.
    stuck = [run for run in dict.fromkeys(refusal.counted.unknown) if run not in asked]
    total = sum(usd or 0.0 for usd in asked.values())
    if unknown or stuck:
        what, mend = _unknown(unknown, stuck, names, planned, _LIFT if limit.kind == "budget" else "")
    else:
        room = max(0.0, limit.max_usd - (refusal.counted.total_usd or 0.0) + total)
        what = f"what this would send may cost up to {dollars(total, up=True)}"
        if limit.kind == "budget":
            what = f"{_counted(refusal, total)}, so that {dollars(room)} is left, and {what}"
        mend = _mends(refusal, planned, total=total, room=room, prices=prices)
    by_run = f". By run: {_by_run(asked, names)}" if len(asked) > 1 else ""
    return LimitError(f"{limit.name}: {what}{by_run}. {mend}. Nothing was sent, and nothing of it is kept to be sent")


def dollars(usd: float, *, up: bool = False) -> str:
    """An amount in dollars: in cents, or in hundredths of them where it is small; rounded up where it must suffice."""
    digits = 2 if usd >= 1 or usd == 0 else 4
    scale = 10**digits
    return f"${(math.ceil(round(usd * scale, 6)) / scale if up else usd):,.{digits}f}"


def _unknown(
    unknown: Sequence[str], stuck: Sequence[str], names: Mapping[str, str], planned: Sequence[PlannedRun], lift: str
) -> tuple[str, str]:
    """What is said where a price is not known."""
    models = dict.fromkeys(one.run.judge.model for one in planned if one.run.id in unknown and one.run.judge)
    if models:
        listed = ", ".join(models)
        of = ", ".join(names.get(run, f"run {run}") for run in unknown[:_SHOWN])
        return (
            f"the price of {listed} is not known, so that nobody can say what {of} may cost",
            f'Say it in the config, as [prices.models."{next(iter(models))}"] with input and output in USD per million '
            "tokens, or name a judge that `evalkit prices` lists",
        )
    runs = ", ".join(stuck[:_SHOWN] or unknown[:_SHOWN])
    mend = "Say the price of the model that served it in the config's [prices] before it is collected"
    return f"what run {runs} costs is not known, and it counts", f"{mend}{lift}"


def _counted(refusal: Refusal, total: float) -> str:
    spent, reserved = refusal.counted.spent_usd, max(0.0, refusal.counted.reserved_usd - total)
    return f"{dollars(spent)} is spent and {dollars(reserved)} reserved"


def _by_run(asked: Mapping[str, float | None], names: Mapping[str, str]) -> str:
    most = sorted(asked.items(), key=lambda item: -(item[1] or 0.0))
    shown = [
        f"{run} ({names.get(run, 'there before')}) {'unknown' if usd is None else dollars(usd, up=True)}"
        for run, usd in most[:_SHOWN]
    ]
    if len(most) > _SHOWN:
        shown.append(f"{len(most) - _SHOWN} more {dollars(sum(usd or 0.0 for _, usd in most[_SHOWN:]), up=True)}")
    return ", ".join(shown)


def _mends(refusal: Refusal, planned: Sequence[PlannedRun], *, total: float, room: float, prices: Prices | None) -> str:
    """What would fit."""
    fits: list[str] = []
    cases = min((one.run.cases for one in planned), default=0)
    if (sample := math.floor(cases * room / total * _CAUTION)) >= 1:
        fits.append(f"--sample {sample} of {cases:,} cases")
    if cheaper := _cheaper(planned, room / total, prices):
        model, share = cheaper
        fits.append(f"--judge {model} (about {dollars(total * share)})")
    if refusal.limit.kind == "cap":
        fits.append(f"--max-cost {dollars(total, up=True).removeprefix('$').replace(',', '')}")
    else:
        needed = refusal.limit.max_usd - room + total
        fits.append(f"a budget of {dollars(needed, up=True)}, as [budget] month_usd in the config")
    said = f"It would fit with {_either(fits)}"
    reserved = max(0.0, refusal.counted.reserved_usd - total)
    if refusal.limit.kind == "budget" and reserved:
        said += f"; `evalkit collect` counts what batches did cost in place of the {dollars(reserved)} reserved"
    return said


def _cheaper(planned: Sequence[PlannedRun], share: float, prices: Prices | None) -> tuple[str, float] | None:
    """The dearest judge by which it would fit, with the share of the cost that it takes; None where there is none."""
    judges = {one.run.judge.model for one in planned if one.run.judge and not one.needs and not members(one.run)}
    if prices is None or len(judges) != 1:
        return None
    today = datetime.now(UTC).date()
    now = prices.rates(next(iter(judges)), on=today)
    found = {model: _share(prices.rates(model, on=today), now) for model in prices.models} if now else {}
    fitting = {model: one for model, one in found.items() if one is not None and one <= share}
    if not fitting:
        return None
    model = max(fitting, key=lambda name: (fitting[name], short_judge(name)))
    return model, fitting[model]


def _share(other: Rates | None, now: Rates) -> float | None:
    """What of a cost remains at other rates, at most."""
    if other is None:
        return None
    kinds = ((other.input, now.input), (other.output, now.output), (other.cache_write_1h, now.cache_write_1h))
    shares = [theirs / ours for theirs, ours in kinds if theirs is not None and ours]
    return max(shares) if shares else None


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
