"""Errors of the API in one sentence: what it said, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from evalkit.reply import error_text

if TYPE_CHECKING:
    import anthropic

REDIRECTS: Final = frozenset({301, 302, 307, 308})


def plain(error: anthropic.APIError) -> str:
    """The status and the API's own sentence; never a whole HTML page."""
    status = getattr(error, "status_code", None)
    body: Any = error.body
    said = error_text(body) if isinstance(body, dict) else _first_words(str(body or error.message))  # pyright: ignore[reportUnknownArgumentType]
    return f"{status} {said}" if status else said


def _first_words(text: str) -> str:
    return "with an HTML page" if text.lstrip()[:1] == "<" else " ".join(text.split())[:200]


def cause(error: BaseException) -> str:
    """What is behind a lost connection."""
    behind = error.__cause__ or error
    return f"{type(behind).__name__}: {behind}" if str(behind) else type(behind).__name__


def mend(status: int) -> str:
    """What to do about an answer of this status."""
    if status in REDIRECTS:
        return "set ANTHROPIC_BASE_URL to where the API is"
    return {
        401: "check ANTHROPIC_API_KEY",
        402: "check the billing of the account",
        403: "the key may not do this: check its workspace and permissions",
        404: "check ANTHROPIC_BASE_URL, and that the key belongs to the workspace that made the batch",
        413: "the batch is too large for this server: submit fewer or shorter cases",
        429: "wait, or raise the limit of the account",
    }.get(status, "try again; if it stays, see the status page of the API")


def no_credentials(said: str) -> str:
    """The sentence for missing credentials."""
    return (
        f"no credentials for the API ({said.splitlines()[0]}); set ANTHROPIC_API_KEY, or use --sandbox to try offline"
    )
