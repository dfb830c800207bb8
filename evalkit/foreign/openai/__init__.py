"""OpenAI: evals of the hosted platform, and the registry of the `evals` package."""

from evalkit.foreign.openai.hosted import read_hosted
from evalkit.foreign.openai.objects import Objects, collected
from evalkit.foreign.openai.registry import read_registry, read_samples

__all__ = ["Objects", "collected", "read_hosted", "read_registry", "read_samples"]
