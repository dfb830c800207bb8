"""Take a picture of a report: `python tests/report/screenshot.py page.html page.png --width 1280 --dark`.

Uses the system's Chromium through Playwright and never the network.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    path = shutil.which("chromium")
    if path is None:
        raise FileNotFoundError("no chromium on the PATH; install it (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def main(argv: list[str]) -> int:
    """Parse the command line and take the picture."""
    parser = argparse.ArgumentParser(description="Picture of a report page.")
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--full", action="store_true", help="the whole page, not only its first screen")
    parser.add_argument("--hash", default="", help="state of the explorer, as in the address")
    parser.add_argument("--at", default="", help="scroll to the element with this id first")
    parser.add_argument("--only", default="", help="the first element that this CSS selector finds, and nothing else")
    parser.add_argument("--no-script", action="store_true")
    parser.add_argument("--print", action="store_true", dest="paper", help="as it is printed")
    given = parser.parse_args(argv)
    with chromium() as browser:
        page = browser.new_page(
            viewport={"width": given.width, "height": given.height},
            device_scale_factor=given.scale,
            color_scheme="dark" if given.dark else "light",
            java_script_enabled=not given.no_script,
        )
        page.goto(given.page.resolve().as_uri() + (f"#{given.hash}" if given.hash else ""))
        if not given.no_script:
            page.locator("html[data-ready]").wait_for()
        if given.paper:
            page.emulate_media(media="print")
        if given.at:
            page.locator(f"#{given.at}").scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        if given.only:
            found = page.locator(given.only).first
            found.evaluate("element => { element.style.padding = '12px' }")
            found.screenshot(path=given.picture)
        else:
            page.screenshot(path=given.picture, full_page=given.full)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
