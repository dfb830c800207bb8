"""What the runs of a page cost, each and together; what is not known is said, and never taken for nothing."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.graders.jury import is_jury
from evalkit.report.page import Page, RunRow
from evalkit.report.words import figures


def cost_of(row: RunRow, page: Page) -> tuple[str, str]:
    """What a run cost; a run that several criteria share is counted on the first of them."""
    if row.scored_by:
        return figures.UNKNOWN, "scored elsewhere"
    if not row.judge or is_jury(row.judge):
        return ("–", "with its judges") if row.judge else ("free", "")
    first = next(one for one in page.runs if one.run == row.run)
    if first.criterion != row.criterion:
        return "–", f"with {first.criterion}"
    if row.cost_usd is None:
        return figures.UNKNOWN, ""
    if not row.cost_usd and not row.scored:
        return "nothing yet", ""
    return figures.usd(row.cost_usd), f"{figures.usd(row.cost_usd / row.scored)} a case" if row.scored else ""


def money_of(page: Page) -> str:
    """The money of all runs together; what is unknown is said, and never taken for nothing."""
    runs = {row.run: row for row in page.runs if row.judge}
    known = [row for row in runs.values() if row.cost_usd is not None]
    if not runs or not any(row.cost_usd for row in known):
        return ""
    spent = sum(row.cost_usd or 0.0 for row in known)
    saved = sum(row.batch_saving_usd or 0.0 for row in known)
    least = "" if len(known) == len(runs) else "at least "
    said = f"Judging cost {least}{figures.usd(spent)} together"
    if page.price_date:
        said += f" at the prices of {page.price_date}"
    if saved:
        said += f"; as single requests it would have been {least}{figures.usd(spent + saved)}"
    said += _caching(known, spent, least)
    if len(known) < len(runs):
        said += f"; the price of {figures.some(len(runs) - len(known), 'run')} is unknown"
    if all(row.simulated for row in runs.values()):
        said += ". Nothing of it was paid: the judge was simulated"
    return said + "."


def _caching(rows: Sequence[RunRow], spent: float, least: str) -> str:
    """What it would have been without the cache, which may have been less; empty where nothing was cached."""
    amounts = [row.cache_saving_usd for row in rows if row.cache_saving_usd is not None]
    total = sum(amounts)
    if not amounts or figures.usd(abs(total)) == figures.usd(0.0):
        return ""
    return f"; without the cache it would have been {least}{figures.usd(spent + total)}"
