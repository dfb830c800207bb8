"""What the report's tests share: the builders beside them, one Chromium, and a page that keeps a record."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tabs import Watched, watched_tabs

# The suite imports by path (importlib mode), so the builders beside these tests need their folder named.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def open_report(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    with watched_tabs(chromium, ready="html[data-ready]") as tabs:

        def opened(path: Path, state: str = "", **options: object) -> Watched:
            return tabs(path.resolve().as_uri() + (f"#{state}" if state else ""), **options)

        yield opened


@pytest.fixture(scope="session")
def demo_pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The pages of the demo, made once."""
    from evalkit import demo

    _, written, _ = demo(tmp_path_factory.mktemp("demo"))
    return tuple(page.path for page in written)
