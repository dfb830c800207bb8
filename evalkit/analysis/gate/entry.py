"""What a gate is judged on: the scores of both runs on each criterion, and what bears on their worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from evalkit.analysis.scores import RunScores


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCalibration:
    """How well the judge agrees with people on one criterion."""

    low: float | None
    """The lower bound of AC1; None where there are too few labels for one."""
    n: int
    """Labelled outputs that the judge scored."""
    age_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateNoise:
    """What the judge's own wavering does: identical outputs, judged again."""

    flip_rate: float | None
    """The share of outputs that do not get the same label twice."""
    floor: float | None
    """The difference of means below which these runs cannot see for the judge's noise alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSentinels:
    """What the judge of one run said of outputs whose verdict was known."""

    run: str
    n: int
    caught: int
    pending: int = 0
    missed: tuple[str, ...] = ()
    """Each in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEntry:
    """Both runs on one criterion of one grader; a run that is not there is None."""

    grader: str
    criterion: str
    baseline: RunScores | None
    candidate: RunScores | None
    candidate_cases: int | None = None
    """The cases of the candidate run's dataset; None: those that have a result or are listed as pending."""
    baseline_cases: int | None = None
    pending: bool = False
    """Whether a batch of either run is open, or not yet sent."""
    open_runs: tuple[str, ...] = ()
    """Which of the runs that is, where they are known."""
    handed_over: str = ""
    """Where a run is that another store collects, and how to get it back."""
    judged: bool = True
    """Whether a judge answers, and not a deterministic check."""
    cost_usd: float | None = None
    """What the candidate run cost; None where that is not known, which is not 0."""
    calibration: GateCalibration | None = None
    noise: GateNoise | None = None
    sentinels: tuple[GateSentinels, ...] = ()
    """Of every run that the scores of either side are from, the candidate's first; of runs that had any."""
    pooled: int = 1
    """How many runs of the same things the candidate's scores are the mean of."""
    same_outputs: bool = False
    """Whether both runs are of the very same outputs to the same cases."""
    stale: str = ""
    """Why the candidate run is not of what the config's files hold now; empty where it is, or where it was named."""
    no_baseline: str = ""
    """Why there is no baseline run, and how to get one."""
    no_candidate: str = ""
    beside: str = ""
    """Whose outputs stood beside the candidate's, where a score is a win against them; the baseline is even, then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateBaseline:
    """What the candidate is compared with, in words a reader knows."""

    selector: str
    """As the config or the command line has it."""
    description: str = ""
    """What it was found to be, such as `production, label main`."""
    runs: tuple[str, ...] = field(default_factory=tuple[str, ...])
    label: str = ""
    created_at: datetime | None = None
    age_days: float | None = None
