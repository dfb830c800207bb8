"""The verb of budgets: what suites may cost in a month, and what is left of that."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from evalkit.errors import UsageError
from evalkit.session import Session
from evalkit.tables.budgets import BudgetTable


def budget(
    suite: str | None = None,
    *,
    month_usd: float | None = None,
    lift: bool = False,
    config: Path | str | None = None,
    store: str | None = None,
) -> BudgetTable:
    """The budgets of a store as they stand this month; or give a suite another, or none.

    Args:
        suite: only of this one; where a budget is given or lifted, the config's suite where None.
        month_usd: USD a month from now on, until a submit says what its config does.
        lift: take the suite's budget away.
        config: `evalkit.toml`, for the suite's name and to find the store.
        store: the store's URL.

    Raises:
        UsageError: the amount is none, no suite is named, or it has no budget to lift.
    """
    changes = lift or month_usd is not None
    with Session(config=config, store=store, reads=not changes) as session:
        if changes:
            known = session.config_or_none
            suite = suite or (known.name if known else None)
            _change(session, suite, month_usd, lift=lift)
        found = session.store.budgets.all(now=datetime.now(UTC))
        return BudgetTable(budgets=tuple(one for one in found if suite in (None, one.limit.suite)))


def _change(session: Session, suite: str | None, month_usd: float | None, *, lift: bool) -> None:
    if suite is None:
        raise UsageError("name the suite whose budget it is; `evalkit runs` lists them")
    if lift and month_usd is not None:
        raise UsageError("a budget is either set or lifted: say one of the two")
    if month_usd is not None and not (isfinite(month_usd) and month_usd >= 0):
        raise UsageError(f"{month_usd} is no amount that a month may cost; say USD, 0 or more")
    if month_usd is not None:
        session.store.budgets.put(suite, month_usd, now=datetime.now(UTC))
    elif not session.store.budgets.lift(suite):
        raise UsageError(f"{suite!r} has no budget in {session.store.database.url}")
