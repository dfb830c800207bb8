"""The verbs of trust: what shows how far a judge can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import UsageError
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.sending import ANEW
from evalkit.session import Session
from evalkit.tables import RunTable
from evalkit.work import collect_runs, find_runs, submit_runs, table_of, within

if TYPE_CHECKING:
    from evalkit.dataset.human import LabelColumn
    from evalkit.pipeline.draw import Drawn
    from evalkit.pipeline.noise_report import NoiseReport
    from evalkit.run import Judge, Run
    from evalkit.tables.agreements import AgreementTable, JudgesTable


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseResult:
    """A noise run, and what it found once it is collected."""

    runs: RunTable
    report: NoiseReport | None
    """None while a judgement may still come."""

    def json(self) -> dict[str, object]:
        """The document of `noise --json`."""
        return {
            "runs": [row.json() for row in self.runs],
            "noise": None if self.report is None else self.report.json(),
        }


def noise(
    run: str,
    *,
    cases: int = 50,
    samples: int = 5,
    seed: int = 0,
    config: Path | str | None = None,
    store: str | None = None,
    wait: bool = False,
    timeout: float | None = None,
    poll: float | None = None,
    max_cost: float | None = None,
    sandbox: bool = False,
    progress: Progress | None = None,
) -> NoiseResult:
    """Measure how often a run's judge contradicts itself: some of its outputs are judged again, several times each.

    The same arguments mean the same noise run, so to call it again goes on with it, and pays nothing twice.

    Args:
        run: a run id, or the beginning of one.
        cases: how many of the run's scored cases are judged again.
        samples: how often each of them is judged.
        seed: another seed takes other cases, and is another noise run.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        wait: go on until it is collected.
        timeout: seconds to wait at most.
        poll: seconds between two looks, in place of evalkit's own.
        max_cost: USD that it may cost at most, with what comes of it; that of the config where None.
        sandbox: use the built-in local API.
        progress: told of each step.

    Raises:
        UsageError: there is no such run, it is under way, it has no judge or no scores, or another API judged it.
        ProviderError: the API refuses or does not answer.
        UnknownCreateError: the outcome of a create is not known.
    """
    from evalkit.pipeline.noise import keep_link, plan_noise
    from evalkit.pipeline.noise_report import noise_of

    with Session(config=config, store=store, sandbox=sandbox) as session:
        (found,) = find_runs(session.store, [run])
        _refuse(session, found)
        planned = plan_noise(session.store, found, cases=cases, samples=samples, seed=seed)
        keep_link(session.store, found, planned)
        listener = progress or Progress()
        if _may_change(session, planned.run.id):
            ids = submit_runs(session, [planned], listener, within(session, ANEW, max_cost))
            collect_runs(session, ids, listener, wait=wait, timeout=timeout, poll=poll)
        rows = table_of(session.store, [planned.run.id])
        is_open = any(row.is_open for row in rows)
        return NoiseResult(runs=rows, report=None if is_open else noise_of(session.store, planned.run))


def rejudge(
    runs: Sequence[str],
    *,
    grader: str | None = None,
    judge: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
    wait: bool = False,
    timeout: float | None = None,
    poll: float | None = None,
    max_cost: float | None = None,
    sandbox: bool = False,
    progress: Progress | None = None,
) -> RunTable:
    """Judge the stored outputs of runs again, under the config's grader and judge of today; the runs that come of it.

    Args:
        runs: run ids, or the beginnings of them.
        grader: the name of a grader of the config; that of each run's own where None.
        judge: a model to judge in place of the config's.
        config: `evalkit.toml`.
        store: the store's URL.
        wait: go on until all are collected.
        timeout: seconds to wait at most.
        poll: seconds between two looks, in place of evalkit's own.
        max_cost: USD that it may cost at most, with what comes of it; that of the config where None.
        sandbox: use the built-in local API.
        progress: told of each step.

    Raises:
        ConfigError: there is no config, or it or a rubric is wrong.
        UsageError: there is no such run or grader, nothing differs, or the outputs are not in the store.
        DatasetError: stored cases lack what the rubric prints.
        ProviderError: the API refuses or does not answer.
        UnknownCreateError: the outcome of a create is not known.
    """
    from evalkit.graders import build_graders
    from evalkit.pipeline.rejudge import plan_rejudge
    from evalkit.pipeline.suite import policy_of, sentinels_of

    if not runs:
        raise UsageError("name the runs to judge again; `evalkit runs` lists them")
    with Session(config=config, store=store, judge=judge, sandbox=sandbox) as session:
        graders = build_graders(session.config)
        planned = plan_rejudge(
            session.store,
            find_runs(session.store, runs),
            graders=graders,
            judge=_judge(session, judge),
            grader=grader,
            policy=policy_of(session.config, graders),
            sentinels=sentinels_of(session.config, graders),
        )
        listener = progress or Progress()
        ids = submit_runs(session, planned, listener, within(session, ANEW, max_cost))
        collect_runs(session, ids, listener, wait=wait, timeout=timeout, poll=poll)
        return table_of(session.store, ids)


def agree(
    run: str,
    labels: Path | None = None,
    *,
    labels_field: str | None = None,
    criterion: str | None = None,
    random: bool = False,
    fields: Mapping[str, str] | None = None,
    config: Path | str | None = None,
    store: str | None = None,
) -> AgreementTable:
    """Hold a run's judge against human labels, and keep what comes of it as a calibration.

    Args:
        run: a run id, or the beginning of one.
        labels: a file of `{id, label}`, with `candidate`, `criterion` and `rater` where there are several.
        labels_field: a column of the config's dataset, in place of a file.
        criterion: this criterion only.
        random: the labelled cases are a random sample of the run's; that is known where they come first in its draw.
        fields: field -> column, where the file has names of its own.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        UsageError: there is no such run or criterion, or the run has cases without a result.
        DatasetError: the file is wrong, or has no label of this run.
    """
    from evalkit.pipeline.agree import agree_with_people
    from evalkit.tables.agreements import AgreementTable

    with Session(config=config, store=store, reads=True) as session:
        (found,) = find_runs(session.store, [run])
        given = _column(session, labels_field) if labels is None else Path(labels)
        return AgreementTable(
            agree_with_people(session.store, found, given, criterion=criterion, random=random, fields=fields)
        )


def agree_between(
    runs: Sequence[str],
    *,
    criterion: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
) -> JudgesTable:
    """Hold the judges of runs of the same outputs against one another.

    Args:
        runs: two run ids or more, or the beginnings of them; the first of two is the reference.
        criterion: this criterion only.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        UsageError: there is no such run, or the runs have no outputs or no criterion in common.
    """
    from evalkit.pipeline.agree import agree_between as between
    from evalkit.tables.agreements import JudgesTable

    with Session(config=config, store=store, reads=True) as session:
        return JudgesTable(between(session.store, find_runs(session.store, runs), criterion=criterion))


def draw_cases(
    run: str,
    n: int,
    out: Path,
    *,
    criterion: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
) -> Drawn:
    """Write a random sample of a run's cases for people to label, without what the judge said of them.

    Args:
        run: a run id, or the beginning of one.
        n: how many cases; a longer draw begins with a shorter one.
        out: a `.jsonl` or `.csv` file that is not there yet.
        criterion: this criterion only.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        UsageError: there is no such run or criterion, or the file cannot be written.
    """
    from evalkit.pipeline.agree import scales_of
    from evalkit.pipeline.draw import draw

    with Session(config=config, store=store, reads=True) as session:
        (found,) = find_runs(session.store, [run])
        scales = scales_of(session.store, found, criterion)
        labels = {name: tuple(label for label, _ in scale) for name, scale in scales.items()}
        return draw(session.store, found, n, Path(out), labels)


def _column(session: Session, name: str | None) -> LabelColumn:
    """A column of labels of the config's dataset, of all its cases.

    Raises:
        UsageError: none is named.
    """
    from evalkit.dataset.human import LabelColumn
    from evalkit.pipeline.suite import load_cases

    if name is None:
        raise UsageError("name a file of labels, or a column of the dataset that has them")
    return LabelColumn(dataset=load_cases(session.config, whole=True), column=name)


def _refuse(session: Session, run: Run) -> None:
    """Refuse to measure a run that is not finished, or that another API judged.

    Raises:
        UsageError: it is so.
    """
    if any(row.is_open for row in table_of(session.store, [run.id])):
        raise UsageError(f"run {run.id} is still under way; collect it first: evalkit collect {run.id}")
    if run.judge is not None and run.judge.simulated != session.simulated:
        judge, mend = ("the sandbox", "add --sandbox") if run.judge.simulated else ("a model", "leave --sandbox out")
        raise UsageError(f"run {run.id} was judged by {judge}, and its noise is that of the same judge: {mend}")


def _judge(session: Session, model: str | None) -> Judge | None:
    """The judge of today; None where the config has none."""
    from evalkit.pipeline.suite import judge_of

    if session.config.judge is None and session.config.jury is None:
        return None
    return judge_of(session.config, model=model, simulated=session.simulated)


def _may_change(session: Session, run: str) -> bool:
    """Whether a run is still to be submitted, or open."""
    return not session.store.runs.exists(run) or any(row.is_open for row in table_of(session.store, [run]))
