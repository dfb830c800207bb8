"""Forecasts: what a run may cost, told from its weight before anything of it is sent."""

from evalkit.pipeline.forecast.forecast import Duration, Forecast, Forecaster

__all__ = ["Duration", "Forecast", "Forecaster"]
