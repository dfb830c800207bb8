"""From the store to a page: which runs, compared with which, and what a reader must know first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from evalkit.errors import UsageError
from evalkit.pipeline.jury import with_juries
from evalkit.pipeline.overview import overview
from evalkit.pipeline.preferences import with_preferences
from evalkit.report.compose.calibrated import agreements
from evalkit.report.compose.cases import StoredCases, candidate_names
from evalkit.report.compose.comparisons import adjustment, compared, comparison_rows
from evalkit.report.compose.frontier import frontiers
from evalkit.report.compose.gates import gates
from evalkit.report.compose.judges import judge_matrices
from evalkit.report.compose.notices import gravest_first, notices
from evalkit.report.compose.options import ReportOptions
from evalkit.report.compose.provenance import prompts, provenance
from evalkit.report.compose.runs import run_rows
from evalkit.report.compose.scored import ScoreBook
from evalkit.report.compose.since import since
from evalkit.report.compose.trends import trends
from evalkit.report.page import DatasetHead, Page
from evalkit.run import Run
from evalkit.store import Store
from evalkit.version import __version__

__all__ = ["ReportOptions", "compose"]


def compose(store: Store, runs: Sequence[Run], options: ReportOptions) -> Page:
    """The page of these runs.

    Raises:
        UsageError: there is no run, or the baseline is none of them.
    """
    if not runs:
        raise UsageError("there is no run to report; `evalkit run` makes one")
    now = datetime.now(UTC)
    ordered = sorted(runs, key=lambda run: (run.created_at, run.id))
    newest = ordered[-1]
    views = with_juries(store, ordered, with_preferences(store, ordered, overview(store, ordered)))
    book = ScoreBook(store, ordered)
    made = compared(book, views, options)
    names = candidate_names(ordered)
    agreement = agreements(store, ordered)
    judged = gates(store, options.config, ordered, made, now=now)
    comparisons = [one.comparison for one in made]
    said = notices(views, comparisons, options.min_coverage, agreement=agreement)
    return Page(
        title=options.title,
        dataset=DatasetHead(name=newest.dataset_name, digest=newest.dataset, n_cases=newest.cases),
        created_at=now,
        version=__version__,
        command=options.command,
        price_date=options.prices.date if options.prices else None,
        notices=gravest_first([*judged.notices, *said]),
        baseline=made[0].baseline.run if made else None,
        margin=options.margin,
        adjustment=adjustment(made),
        runs=run_rows(store, ordered, views, names, since(store, ordered, views, book), prices=options.prices),
        comparisons=comparison_rows(made),
        slices=tuple(row for one in made for row in one.slices),
        agreement=agreement,
        gates=judged.rows,
        trends=trends(store, ordered),
        frontiers=frontiers(store, ordered, names, options.prices),
        judges=judge_matrices(store, ordered, names),
        cases=StoredCases(store=store, runs=ordered, dataset=newest.dataset, names=names),
        prompts=prompts(store, ordered),
        provenance=provenance(store, ordered, views, names, options),
    )
