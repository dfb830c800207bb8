"""What the scores of runs say, and what they cannot say: pure functions from scores to numbers."""

from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.comparison import Comparison, Flip, compare
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.analysis.slices import Slice, slices
from evalkit.analysis.summary import RunSummary, summarise

__all__ = [
    "CaseScore",
    "Comparison",
    "Flip",
    "RunScores",
    "RunSummary",
    "Slice",
    "compare",
    "reasons_against",
    "slices",
    "summarise",
]
