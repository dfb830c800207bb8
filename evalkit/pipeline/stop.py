"""Stop: what no wait mends."""

from __future__ import annotations

from evalkit.errors import ProviderError


class StopError(ProviderError):
    """It is no use to go on with a run before a person has mended something."""
