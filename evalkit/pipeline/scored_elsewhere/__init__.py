"""Scores of other tools taken in as runs: Inspect logs, promptfoo results, output items of hosted evals."""

from evalkit.pipeline.scored_elsewhere.take_in import TakenIn, import_scores, recognise

__all__ = ["TakenIn", "import_scores", "recognise"]
