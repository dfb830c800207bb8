"""Tabs that keep a record of what a page did that it should not have done.

A tab is used again by the next test, blank, since a new one costs a process and most of a second; nothing of a page
outlives its address there, because pages keep nothing in the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
VIEWPORT: Final = {"width": 1280, "height": 720}
"""What a new tab has."""


@dataclass
class Watched:
    """An opened page with everything it did that it should not have done."""

    tab: Tab
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        return self.tab.evaluate("() => window.violations")


class _Kept:
    """A tab of a context of its own, whose events go to the record of the test that has it."""

    def __init__(self, browser: Browser, *, script: bool, **options: Any) -> None:
        self.kind = repr((script, sorted(options.items())))
        self.tab = browser.new_context(java_script_enabled=script, **options).new_page()
        self.tab.set_default_timeout(15_000)
        self._watched = Watched(self.tab)
        self.tab.on("request", lambda request: self._watched.requests.append(request.url))
        self.tab.on("console", lambda message: self._watched.console.append(f"{message.type}: {message.text}"))
        self.tab.on("pageerror", lambda error: self._watched.console.append(f"error: {error}"))
        self.tab.on("dialog", lambda dialog: self._watched.console.append(f"dialog: {dialog.message}"))
        if script:
            self.tab.add_init_script(WATCH)

    def watched(self, *, viewport: Any, color_scheme: Any, reduced_motion: Any) -> Watched:
        """A new record of the blank tab, which looks as it is told to."""
        self._watched = Watched(self.tab)
        self.tab.set_viewport_size(viewport)
        self.tab.emulate_media(media="null", color_scheme=color_scheme, reduced_motion=reduced_motion)
        return self._watched

    def blank(self) -> bool:
        """Leave the page; False where the test has closed the tab."""
        if self.tab.is_closed():
            return False
        self.tab.mouse.move(-1, -1)
        self.tab.goto("about:blank")
        self.tab.context.clear_cookies()
        return True


_IDLE: Final[WeakKeyDictionary[Browser, list[_Kept]]] = WeakKeyDictionary()


@contextmanager
def watched_tabs(chromium: Browser, *, ready: str | None) -> Iterator[Callable[..., Watched]]:
    """Opens addresses, each in a tab of its own.

    `ready` is the selector of a page whose script has done its work; None waits for no script.
    """
    idle, used = _IDLE.setdefault(chromium, []), list[_Kept]()

    def opened(
        address: str,
        *,
        script: bool = True,
        viewport: object = VIEWPORT,
        color_scheme: str = "light",
        reduced_motion: str = "no-preference",
        **options: object,
    ) -> Watched:
        kind = repr((script, sorted(options.items())))
        kept = next((one for one in idle if one.kind == kind), None)
        if kept is None:
            kept = _Kept(chromium, script=script, **options)
        else:
            idle.remove(kept)
        used.append(kept)
        watched = kept.watched(viewport=viewport, color_scheme=color_scheme, reduced_motion=reduced_motion)
        watched.tab.goto(address)
        if script and ready:
            # Not wait_for_function: it evaluates a string, which the page's policy forbids.
            watched.tab.locator(ready).wait_for()
        return watched

    yield opened
    idle.extend(kept for kept in used if kept.blank())
