"""evalkit: score evaluation sets with LLM judges at half price, and know what the scores can support."""

__version__ = "0.1.0"
