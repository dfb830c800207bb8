"""Tabs that keep a record of what a page did that it should not have done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@dataclass
class Watched:
    """An opened page with everything it did that it should not have done."""

    tab: Tab
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        return self.tab.evaluate("() => window.violations")


@contextmanager
def watched_tabs(chromium: Browser, *, ready: str) -> Iterator[Callable[..., Watched]]:
    """Opens addresses, each in a tab of its own; `ready` is the selector of a page whose script has done its work."""
    contexts: list[BrowserContext] = []

    def opened(address: str, *, script: bool = True, **options: object) -> Watched:
        context = chromium.new_context(java_script_enabled=script, **options)  # type: ignore[arg-type]
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(15_000)
        watched = Watched(tab)
        tab.on("request", lambda request: watched.requests.append(request.url))
        tab.on("console", lambda message: watched.console.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: watched.console.append(f"error: {error}"))
        tab.on("dialog", lambda dialog: watched.console.append(f"dialog: {dialog.message}"))
        if script:
            tab.add_init_script(WATCH)
        tab.goto(address)
        if script:
            # Not wait_for_function: it evaluates a string, which the page's policy forbids.
            tab.locator(ready).wait_for()
        return watched

    yield opened
    for context in contexts:
        context.close()
