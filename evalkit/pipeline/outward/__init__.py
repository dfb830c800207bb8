"""Runs as the files of other tools: an Inspect log, promptfoo results, every_eval_ever records."""

from evalkit.pipeline.outward.export import FORMS, Outward, OutwardForm, export_for

__all__ = ["FORMS", "Outward", "OutwardForm", "export_for"]
