"""Prices: what requests cost, by the tokens of each kind, the model that served them, and the day."""

from evalkit.pricing.file import load_prices, min_cacheable_tokens
from evalkit.pricing.prices import LongPrompt, ModelPrices, Prices, Rates
from evalkit.pricing.usage import Usage, usage_from_api

__all__ = [
    "LongPrompt",
    "ModelPrices",
    "Prices",
    "Rates",
    "Usage",
    "load_prices",
    "min_cacheable_tokens",
    "usage_from_api",
]
