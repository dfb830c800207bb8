"""Measurements of whole processes; `python -m tests.bench` runs them, pytest does not collect them."""
