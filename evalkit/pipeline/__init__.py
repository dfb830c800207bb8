"""The pipeline: plan, submit, collect, and where runs stand."""
