"""Whether there are credentials for the API, without importing the SDK, which takes long."""

from __future__ import annotations

import os
from typing import Final

_NAMES: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")


def has_credentials() -> bool:
    """Whether the environment names any."""
    return any(os.environ.get(name) for name in _NAMES)
