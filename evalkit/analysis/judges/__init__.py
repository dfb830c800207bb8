"""Judges: is a cheaper one good enough, and would it be with a stronger one where it is unsure?"""

from evalkit.analysis.judges.cascade import Cascade, CascadePoint, Expectation, cascade
from evalkit.analysis.judges.replay import Replay, Replays, verdict_of
from evalkit.analysis.judges.standing import CAUTION, BesidePeople, Standing, standing
from evalkit.analysis.judges.table import JudgePair, cost_per_scored
from evalkit.analysis.judges.words import answer_line, bias_line, cascade_line

__all__ = [
    "CAUTION",
    "BesidePeople",
    "Cascade",
    "CascadePoint",
    "Expectation",
    "JudgePair",
    "Replay",
    "Replays",
    "Standing",
    "answer_line",
    "bias_line",
    "cascade",
    "cascade_line",
    "cost_per_scored",
    "standing",
    "verdict_of",
]
