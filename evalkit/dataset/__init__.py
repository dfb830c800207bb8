"""Eval datasets and recorded outputs: read once with every problem named, then streamed again as cases."""

from __future__ import annotations

from evalkit.dataset.any import AnyDataset
from evalkit.dataset.attachment import Attachment
from evalkit.dataset.case import Case, Json
from evalkit.dataset.cases import Dataset, load_dataset
from evalkit.dataset.facts import OutputFacts
from evalkit.dataset.outputs import Outputs, all_by, load_outputs
from evalkit.dataset.places import case_lines
from evalkit.dataset.problems import Refused

__all__ = [
    "AnyDataset",
    "Attachment",
    "Case",
    "Dataset",
    "Json",
    "OutputFacts",
    "Outputs",
    "Refused",
    "all_by",
    "case_lines",
    "load_dataset",
    "load_outputs",
]
