"""What the scores of runs say, and what they cannot say: pure functions from scores to numbers."""

from evalkit.analysis.clusters import roughness
from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.comparison import Comparison, adjusted, compare
from evalkit.analysis.flip import Flip, Transition
from evalkit.analysis.outcome import Outcome, outcome_of, sentence
from evalkit.analysis.power import Need, Power, power_of
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.analysis.slices import Slice, slices
from evalkit.analysis.summary import RunSummary, summarise
from evalkit.analysis.trend import DatedRun, Point, Segment, Trend, trend

__all__ = [
    "CaseScore",
    "Comparison",
    "DatedRun",
    "Flip",
    "Need",
    "Outcome",
    "Point",
    "Power",
    "RunScores",
    "RunSummary",
    "Segment",
    "Slice",
    "Transition",
    "Trend",
    "adjusted",
    "compare",
    "outcome_of",
    "power_of",
    "reasons_against",
    "roughness",
    "sentence",
    "slices",
    "summarise",
    "trend",
]
