"""The command that says which model to ask for which kind of case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app

if TYPE_CHECKING:
    from evalkit.analysis.route import Curve, Evidence, Routing
    from evalkit.pipeline.routing import Routed
    from evalkit.tables.routings import RoutingRow


@app.command(short_help="Say which model to use for which kind of case.")
def route(
    config: options.Config = None,
    store: options.Store = None,
    by: Annotated[
        str,
        typer.Option("--by", help="What a kind is: tag, tag:PREFIX, length (of the input), or a metadata key."),
    ] = "tag",
    margin: Annotated[
        float | None, typer.Option("--margin", help="The loss that is accepted.", show_default="the gate's, or 0.02")
    ] = None,
    strong: Annotated[
        str | None, typer.Option("--strong", help="The candidate to be no worse than.", show_default="the best one")
    ] = None,
    grader: Annotated[str | None, typer.Option("--grader", help="This grader only.")] = None,
    criterion: Annotated[str | None, typer.Option("--criterion", help="This criterion only.")] = None,
    label: options.CandidateLabel = None,
    scores: Annotated[
        Path | None,
        typer.Option("--scores", help="A router's own scores: a file of id and score, higher where strong is needed."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the policy: a .toml or .json file.")] = None,
    json: options.Json = False,
) -> None:
    """Say which model to use for which kind of case: the cheapest that is shown to be no worse than the strongest.

    What the choice is worth is told from cases that it was not made by.

    Example: evalkit route --by tag --margin 0.03 --out policy.toml
    """
    from evalkit import routing
    from evalkit.cli import tables

    found = routing.route(
        by=by,
        margin=margin,
        strong=strong,
        grader=grader,
        criterion=criterion,
        label=label,
        scores=scores,
        config=config,
        store=store,
    )
    if out is not None:
        routing.write_policy(out, found.policy())
    if json:
        tables.print_json(found.json())
        return
    for row in found:
        _print(row)


def _print(row: RoutingRow) -> None:
    from evalkit.cli.screen import say, say_title, say_wrapped
    from evalkit.cli.tables import SIMULATED

    found, made = row.found, row.found.routing
    say_title(f"{row.name}: which candidate, by {made.by}")
    _print_kinds(row)
    say_wrapped(_basis(found), style="dim")
    say()
    _print_worth(made)
    if said := _hull(made):
        say_wrapped(said, style="dim", indent="  ")
    if made.curve is not None:
        say_wrapped(_curve(made.curve), style="dim", indent="  ")
    if found.simulated:
        say_wrapped(f"~ {SIMULATED}", style="yellow")


def _basis(found: Routed) -> str:
    """What the policy rests on: cases, margin, prices, and what was left out."""
    policy = found.routing.policy
    said = [
        f"{found.n:,} cases that every candidate has a score and a price for"
        f"{f' ({found.left_out:,} left out)' if found.left_out else ''}; margin {policy.margin:g}, adjusted for "
        f"{len(policy.evidence)} tries (Holm); everything else goes to {policy.default}"
    ]
    listed = [name for name, one in found.candidates.items() if one.listed]
    if listed:
        said.append(f"prices of {', '.join(listed)}: tokens, by {found.price_source}, of {found.price_date}")
    batched = [name for name, one in found.candidates.items() if one.batched]
    if 0 < len(batched) < len(found.candidates):
        said.append(f"{', '.join(batched)} went in batches, at their price: the others have the full one")
    if found.unpriced:
        said.append(f"left out, without a price: {', '.join(found.unpriced)}")
    if found.several_tags:
        said.append(f"{found.several_tags:,} cases have several such tags, of which the first counts")
    return "; ".join(said)


def _print_kinds(row: RoutingRow) -> None:
    """The kinds in the order of their names, each with who answers it and what speaks for the next cheaper one."""
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say_table, say_wrapped
    from evalkit.cli.words import one_line

    policy = row.found.routing.policy
    if not policy.evidence:
        say_wrapped(f"no kind of case has a candidate that is cheaper than {policy.default}")
        return
    shown = [_decisive(policy.evidence, kind, policy.candidate_for(kind)) for kind in _kinds(row.found)]
    say_table(
        [
            Column(name="kind", cells=[one_line(one.kind) for one in shown], least=10),
            Column(name="use", cells=[one_line(policy.candidate_for(one.kind)) for one in shown], least=8),
            Column(name="cases", cells=[f"{one.n:,}" for one in shown], right=True),
            Column(name="tried", cells=[one_line(one.candidate) for one in shown], least=8),
            Column(name="difference", cells=[_delta(one) for one in shown], right=True),
            Column(name="saves", cells=[_share(_saved(one)) for one in shown], right=True),
            Column(name="lacks cases", cells=[_needed(one) for one in shown], right=True),
        ]
    )


def _kinds(found: Routed) -> list[str]:
    """The kinds that something was tried in; by length the shortest first."""
    places = {kind: place for place, kind in enumerate(found.limits)}
    tried = dict.fromkeys(one.kind for one in found.routing.policy.evidence)
    return sorted(tried, key=lambda kind: places.get(kind, 0))


def _decisive(evidence: tuple[Evidence, ...], kind: str, chosen: str) -> Evidence:
    """What speaks for the candidate of a kind; where none is shown to hold, the one that comes nearest."""
    own = [one for one in evidence if one.kind == kind]
    return next((one for one in own if one.candidate == chosen), min(own, key=lambda one: one.p_adjusted))


def _delta(one: Evidence) -> str:
    if one.delta is None:
        return "–"
    low = "" if one.low is None else f" (≥ {one.low:+.3f})"
    return f"{one.delta:+.3f}{low}"


def _saved(one: Evidence) -> float | None:
    return 1 - one.cost_usd / one.strong_cost_usd if one.strong_cost_usd else None


def _share(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _needed(one: Evidence) -> str:
    if one.holds:
        return ""
    if one.worse:
        return "worse"
    return f"{one.cases_needed - one.n:,}" if one.cases_needed else "–"


def _print_worth(made: Routing) -> None:
    """Routed answers beside one model for all, a random mix at the same cost, and the best that could be done."""
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say_table, say_wrapped
    from evalkit.cli.words import one_line

    found = made.expected
    rows = [("routed", found.quality, found.low, found.high, found.cost_usd)]
    rows += [
        (f"always {one_line(one.candidate)}", one.quality, one.low, one.high, one.cost_usd) for one in found.always
    ]
    if found.random_mix_quality is not None and found.shares[found.strong] < 1:
        mix = (found.random_mix_quality, found.random_mix_low, found.random_mix_high)
        rows.append(("random mix at that cost", *mix, found.cost_usd))
    rows.append(("oracle", found.oracle_quality, found.oracle_low, found.oracle_high, found.oracle_cost_usd))
    say_table(
        [
            Column(name="", cells=[name for name, *_ in rows], least=16),
            Column(name="quality", cells=[f"{quality:.3f}" for _, quality, *_ in rows], right=True),
            Column(name="95 %", cells=[_interval(low, high) for _, _, low, high, _ in rows], right=True),
            Column(name="$ per 1,000", cells=[_dollars(1000 * cost) for *_, cost in rows], right=True),
        ]
    )
    difference = _signed(found.quality_against_strong, found.against_strong_low, found.against_strong_high)
    saving = f"; saves {_share(found.saving)}" if found.saving is not None else ""
    if found.saving_low is not None and found.saving_high is not None:
        saving += f" [{100 * found.saving_low:.0f}, {100 * found.saving_high:.0f}]"
    above = _signed(found.above_random_mix, found.above_random_mix_low, found.above_random_mix_high)
    say_wrapped(
        f"routed against always {found.strong}: {difference}{saving}; above a random mix: {above}. Each case was "
        "answered by what the other four fifths of the cases teach, so this does not flatter the choice"
        f"{_unsettled(made)}.",
    )


def _unsettled(made: Routing) -> str:
    """That parts of the cases chose others than all of them: a choice that hangs on the cases."""
    settled = {made.policy.default, *made.policy.routes.values()}
    others = [name for name, share in made.expected.shares.items() if share and name not in settled]
    return f"; some parts teach {' and '.join(others)}, and all cases do not: it hangs on the cases" if others else ""


def _signed(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "not defined"
    return f"{value:+.3f}" + ("" if low is None or high is None else f" [{low:+.3f}, {high:+.3f}]")


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def _dollars(amount: float) -> str:
    return f"{amount:.4g}" if amount < 100 else f"{amount:,.0f}"


def _curve(found: Curve) -> str:
    if found.apgr is None:
        return f"{found.weak} and {found.strong} are equally good: there is no gap to recover"
    if found.apgr_low is None or found.apgr_high is None:
        return f"between {found.weak} and {found.strong}: no gap in quality is shown that a router could recover"
    reached = ", ".join(
        f"{gap} at {_calls(share, found.call_share_between[gap])}" for gap, share in found.call_share_for.items()
    )
    return (
        f"between {found.weak} and {found.strong}: area under the recovered gap (APGR) {found.apgr:.3f} "
        f"[{found.apgr_low:.3f}, {found.apgr_high:.3f}], where 0.5 is random; of the gap, {reached} of calls to "
        f"{found.strong}"
    )


def _calls(share: float | None, between: tuple[float, float] | None) -> str:
    if share is None:
        return "no share"
    return f"{100 * share:.0f} %" + (f" [{100 * between[0]:.0f}, {100 * between[1]:.0f}]" if between else "")


def _hull(made: Routing) -> str:
    if made.aiq is None or made.aiq_routed is None:
        return ""
    alone, routed = (
        f"{value:.3f}" + ("" if low is None or high is None else f" [{low:.3f}, {high:.3f}]")
        for value, low, high in (
            (made.aiq, made.aiq_low, made.aiq_high),
            (made.aiq_routed, made.aiq_routed_low, made.aiq_routed_high),
        )
    )
    return f"mean quality along the frontier from the cheapest to the dearest (AIQ): {alone}; routed, too: {routed}"
