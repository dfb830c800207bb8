"""Eval datasets and recorded outputs: read once with every problem named, then streamed again as cases."""

from __future__ import annotations

from evalkit.dataset.case import Case, Json
from evalkit.dataset.cases import Dataset, load_dataset
from evalkit.dataset.outputs import Outputs, load_outputs

__all__ = ["Case", "Dataset", "Json", "Outputs", "load_dataset", "load_outputs"]
