"""What the verbs give back: tables that pandas and notebooks can show, one module each."""

from evalkit.tables.queue import OpenBatch, Queue
from evalkit.tables.rows import Rows, frame, html_table
from evalkit.tables.runs import RunTable
from evalkit.tables.scores import ScoreTable

__all__ = ["OpenBatch", "Queue", "Rows", "RunTable", "ScoreTable", "frame", "html_table"]
