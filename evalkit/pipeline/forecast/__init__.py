"""Forecast: what a run may cost, from the weight of what is to be sent; a range, because the fact comes after."""

from evalkit.pipeline.forecast.forecast import Forecast, Forecaster

__all__ = ["Forecast", "Forecaster"]
