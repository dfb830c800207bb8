"""A plan for people: the answer first, then run by run, then what it is told from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from evalkit.cli import words
from evalkit.cli.columns import Column
from evalkit.cli.progress import duration
from evalkit.cli.screen import say, say_table, say_wrapped
from evalkit.cli.words import one_line
from evalkit.graders.jury import is_jury

if TYPE_CHECKING:
    from evalkit.pipeline.plan import Plan, RunPlan

_INDENT = " " * 9


def print_plan(plan: Plan) -> None:
    """What a submit would send, what it may cost, and how long it may take."""
    new = plan.new
    if not new:
        there = all(run.exists for run in plan.runs)
        say(f"nothing to send{': every run is there already' if there and plan.runs else ''}")
    else:
        say_wrapped(_answer(plan), style="bold")
    _say_runs(plan.runs)
    _say_kept(plan)
    if not new:
        return
    if not any(run.low_usd is None for run in new):
        realtime = words.usd_range(plan.total("realtime_low_usd"), plan.total("realtime_high_usd"))
        uncached = words.usd_range(plan.total("uncached_low_usd"), plan.total("uncached_high_usd"))
        say(f"instead  {realtime} in realtime; {uncached} as batches without a cache")
    _say_each("tokens", new, _tokens)
    _say_each("replies", new, _replies)
    _say_each("cache", new, _cache)
    _say_each("time", new, _time)
    for note in plan.notes:
        say_wrapped(f"note     {one_line(note)}", style="yellow", indent=_INDENT)
    _say_prices(plan)


def _answer(plan: Plan) -> str:
    """All of it in one line."""
    new = plan.new
    runs, requests = words.count(len(new), "run"), words.count(sum(run.requests for run in new), "request")
    batches = words.count(sum(run.batches for run in new), "batch")
    cost = words.usd_range(plan.total("low_usd"), plan.total("high_usd"))
    most = words.most_usd(plan.total("at_most_usd"))
    price = "at a price that is not known" if cost == "unknown" else f"{cost}, at most {most}"
    return f"{runs}, {requests} in {batches}: {price}, {_span(plan.usual_seconds, plan.late_seconds)}"


def _say_runs(runs: Sequence[RunPlan]) -> None:
    judges = {run.judge for run in runs if run.judge and not is_jury(run.judge)}

    def column(name: str, cell: Callable[[RunPlan], str], least: int | None = None, *, drop: int = 0) -> Column:
        return Column(name=name, cells=[cell(run) for run in runs], least=least, right=least is None, drop=drop)

    say_table(
        [
            Column(name="run", cells=[run.run for run in runs]),
            column("candidate", lambda run: one_line(run.candidate), 10),
            column("grader", lambda run: one_line(run.grader), 14),
            column("judge", lambda run: _model(run) if len(judges) > 1 else "", 10),
            column("reused", lambda run: f"{run.reused:,}" if run.reused else ""),
            column("requests", lambda run: f"{run.requests:,}" if run.requests else ""),
            column("size", lambda run: words.size(run.size) if run.requests else "", drop=3),
            column("cost", _cost),
            column("at most", lambda run: words.most_usd(run.at_most_usd) if _is_sent(run) else "", drop=4),
            column("realtime", lambda run: _range(run, run.realtime_low_usd, run.realtime_high_usd), drop=1),
            column("uncached", lambda run: _range(run, run.uncached_low_usd, run.uncached_high_usd), drop=2),
        ]
    )


def _say_kept(plan: Plan) -> None:
    """What is not sent, and what is sent later."""
    new = [run for run in plan.runs if not run.exists]
    if n := sum(run.reused for run in new):
        say(f"reused   {words.count(n, 'case')} judged already, free; --fresh judges all")
    if held := sum(run.not_sent for run in new):
        say(f"not sent {words.count(held, 'case')}: a check of the grader fails")
    if waits := [run for run in plan.new if run.waits]:
        say_wrapped(
            f"later    {words.count(len(waits), 'run')} when the outputs are made, of which no check can tell yet how "
            "many are not sent",
            indent=_INDENT,
        )


def _say_each(name: str, runs: Iterable[RunPlan], told: Callable[[Sequence[RunPlan]], tuple[str, str | None]]) -> None:
    """What is said of the runs of each grader and judge, once for all of which the same is said."""
    alike: dict[tuple[str, str | None], list[RunPlan]] = {}
    for run in runs:
        alike.setdefault((run.grader, run.judge), []).append(run)
    said: dict[tuple[str, str | None], list[str]] = {}
    for (grader, judge), some in alike.items():
        several = len({other for of, other in alike if of == grader}) > 1
        said.setdefault(told(some), []).append(f"{grader} by {judge}" if several else grader)
    for place, ((text, style), whose) in enumerate(said.items()):
        of = f"{one_line(', '.join(whose))}: " if len(said) > 1 else ""
        say_wrapped(f"{'' if place else name:<9}{of}{one_line(text)}", style=style or "dim", indent=_INDENT)


def _tokens(runs: Sequence[RunPlan]) -> tuple[str, str | None]:
    n, shared = sum(run.requests for run in runs), runs[0].system_tokens
    own = sum(run.prompt_tokens - shared * run.requests for run in runs) / n
    told = "; ".join(dict.fromkeys(run.tokens_from for run in runs))
    return f"{shared:,} shared and about {own:,.0f} of its own a request, {told}", None


def _replies(runs: Sequence[RunPlan]) -> tuple[str, str | None]:
    run = runs[0]
    told = f"{run.output_tokens_low:,} to {run.output_tokens_high:,} tokens in the mean"
    if not run.output_replies:
        return f"{told}; no earlier run tells", None
    return f"{told}, told from {words.count(run.output_replies, 'reply')} of {run.output_from}", None


def _cache(runs: Sequence[RunPlan]) -> tuple[str, str | None]:
    run = runs[0]
    if run.cacheable is False:
        short = f"{run.system_tokens:,} < {run.min_cacheable or 0:,} tokens: will not cache with {run.judge}"
        return f"{short}; every request pays for all of them", "yellow"
    if run.cache_ttl is None:
        return "off", None
    hits = f"{run.hits_low:.0%} to {run.hits_high:.0%} read from it".replace("%", " %")
    whence = f"told from {words.count(run.hits_runs, 'run')}" if run.hits_runs else "by the API's documentation"
    needed = run.break_even_1h if run.cache_ttl == "1h" else run.break_even_5m
    pays = f"; it pays from {needed * 100:.0f} % on" if needed is not None else ""
    doubt = "" if run.cacheable else f"; {run.system_tokens:,} tokens are close to the least that {run.judge} caches"
    return f"{run.cache_ttl}, {hits} ({whence}){pays}{doubt}", None


def _time(runs: Sequence[RunPlan]) -> tuple[str, str | None]:
    run = runs[0]
    if run.usual_seconds is None:
        return f"up to {_plain(run.late_seconds)}: no batch of {run.judge} tells yet", None
    late = f"nine of ten within {_plain(run.late_seconds)}"
    told = f"told from {words.count(run.duration_batches, 'batch')} of {run.judge}"
    return f"usually {_plain(run.usual_seconds)}, {late}; {told}", None


def _say_prices(plan: Plan) -> None:
    judges = ", ".join(dict.fromkeys(run.judge for run in plan.new if run.judge))
    unknown = dict.fromkeys(run.judge for run in plan.new if run.judge and run.low_usd is None)
    say_wrapped(
        f"prices   {judges} at the batch prices of {plan.price_date} ({one_line(plan.price_source)}); `at most` has no "
        "cache hit, every reply as long as max_tokens, and two bytes of ASCII a token",
        style="dim",
        indent=_INDENT,
    )
    if unknown:
        names = ", ".join(name for name in unknown if name)
        say_wrapped(f"         {names}: no price is known; name it under [prices]", style="yellow", indent=_INDENT)


def _cost(run: RunPlan) -> str:
    if run.exists:
        return "there already"
    return "free" if run.judge is None or not run.requests else words.usd_range(run.low_usd, run.high_usd)


def _range(run: RunPlan, low: float | None, high: float | None) -> str:
    return words.usd_range(low, high) if _is_sent(run) and low is not None else ""


def _is_sent(run: RunPlan) -> bool:
    return bool(run.requests) and not run.exists


def _model(run: RunPlan) -> str:
    return one_line((run.judge or "").partition(":")[0].removeprefix("claude-"))


def _span(usual: float | None, late: float) -> str:
    return f"up to {_plain(late)}" if usual is None else f"usually {_plain(usual)}"


def _plain(seconds: float) -> str:
    """A time as people expect it: no seconds, and no minutes of whole hours."""
    if seconds < 60:
        return "1 min"
    return duration(timedelta(seconds=seconds)).removesuffix(" 00 min")
