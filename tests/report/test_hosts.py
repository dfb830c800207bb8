"""Where a page may be opened: from disk, from hosts that forbid code, in a frame; and what is left of it there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab
from report_pages import a_page, seeded_cases
from tabs import watched_tabs

from evalkit.report import RenderedPage, Rendering, render

Opener = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.sweep]

JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self'"
OWN_FILES = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'"


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> RenderedPage:
    return render(a_page(list(seeded_cases(150, words=20))), tmp_path_factory.mktemp("single") / "r.html")


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> RenderedPage:
    """A page in several files, three of them with texts."""
    out = tmp_path_factory.mktemp("split")
    page = a_page(list(seeded_cases(150, words=20)))
    done = render(page, out, Rendering(split=True, text_limit=1))
    assert len(done.files) == 5
    return done


class _Host(SimpleHTTPRequestHandler):
    policy = ""

    def end_headers(self) -> None:
        if self.policy:
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[Callable[[Path, str], str]]:
    """Serves a folder under a policy; gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(folder: Path, policy: str) -> str:
        handler = type("Host", (_Host,), {"policy": policy})
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[[str], Tab]]:
    """Opens an address without waiting for the page's script, which may be forbidden there."""
    with watched_tabs(chromium, ready=None) as tabs:
        yield lambda address: tabs(address).tab


def margin(tab: Tab) -> str:
    """Of the body: the style sheet takes the browser's away."""
    return tab.locator("body").evaluate("(body) => getComputedStyle(body).marginTop")


def assert_readable(tab: Tab) -> None:
    """The static page is there: a verdict, tables, pictures, regressions, and word of what is missing."""
    expect(tab.locator("h1")).to_be_visible()
    expect(tab.locator(".sentence").first).to_be_visible()
    expect(tab.locator("main table").first).to_be_visible()
    expect(tab.locator("main svg[role=img]").first).to_be_visible()
    expect(tab.locator("#worst > ol > li").first).to_be_visible()
    expect(tab.locator("#no-script")).to_be_visible()
    expect(tab.locator("#explorer")).to_be_hidden()


def test_split_a_page_opened_from_disk_does_all_that_one_file_does(split: RenderedPage, open_report: Opener) -> None:
    seen = open_report(split.path)

    seen.tab.locator("#filters button[value=all]").click()
    expect(seen.tab.locator("#case .text").first).to_be_visible()

    assert margin(seen.tab) == "0px"
    assert {Path(request).name for request in seen.requests} == {
        path.name for path in (split.files[0], *split.files[1:3])
    }
    assert (seen.console, seen.violations) == ([], [])
    assert seen.tab.evaluate("() => { try { document.body.innerHTML = '<b>'; return 0; } catch { return 1; } }") == 1


def test_split_parts_lead_to_each_other_and_to_their_cases(split: RenderedPage, open_report: Opener) -> None:
    seen = open_report(split.path)
    tab = seen.tab

    tab.locator(".parts a").first.click()
    tab.locator("html[data-ready]").wait_for()
    expect(tab.locator(".scope").first).to_contain_text("This file is part 2 of 3: it lists the cases 65–128 of 150")
    tab.locator("#filters button[value=all]").click()
    expect(tab.locator("#count")).to_contain_text("64 of 64")
    expect(tab.locator("#case .text").first).to_be_visible()
    tab.locator(".parts a").first.click()
    tab.locator("html[data-ready]").wait_for()

    assert Path(tab.url.split("#")[0]).name == "index.html"
    assert seen.console == []


def test_one_file_under_the_default_policy_of_jenkins_can_be_read(
    single: RenderedPage, served: Callable[..., str], visit: Callable[[str], Tab]
) -> None:
    tab = visit(f"{served(single.path.parent, JENKINS)}/r.html")

    assert_readable(tab)
    assert margin(tab) == "8px"  # no style: the browser's own


def test_split_under_the_default_policy_of_jenkins_a_page_keeps_its_looks(
    split: RenderedPage, served: Callable[..., str], visit: Callable[[str], Tab]
) -> None:
    tab = visit(f"{served(split.path.parent, JENKINS)}/")

    assert_readable(tab)
    assert margin(tab) == "0px"


def test_split_where_a_host_allows_its_own_files_everything_works(
    split: RenderedPage, served: Callable[..., str], visit: Callable[[str], Tab]
) -> None:
    tab = visit(f"{served(split.path.parent, OWN_FILES)}/")

    tab.locator("html[data-ready]").wait_for()
    tab.locator("#filters button[value=all]").click()
    expect(tab.locator("#case .text").first).to_be_visible()
    assert margin(tab) == "0px"


@pytest.mark.parametrize("sandbox", ["allow-scripts", "allow-scripts allow-same-origin", ""])
def test_one_file_works_in_a_frame_that_lets_it_run_and_can_be_read_in_one_that_does_not(
    single: RenderedPage, served: Callable[..., str], visit: Callable[[str], Tab], sandbox: str
) -> None:
    frame = f'<!doctype html><iframe sandbox="{sandbox}" src="r.html" width=1000 height=800></iframe>'
    (single.path.parent / "frame.html").write_text(frame, encoding="utf-8")

    tab = visit(f"{served(single.path.parent, '')}/frame.html")
    page = tab.frame_locator("iframe")

    if not sandbox:
        expect(page.locator("#no-script")).to_be_visible()
        expect(page.locator("#worst > ol > li").first).to_be_visible()
        return
    page.locator("html[data-ready]").wait_for(state="attached")
    page.locator("#filters button[value=all]").click()
    page.locator("#list").focus()
    tab.keyboard.press("j")
    expect(page.locator("#case .text").first).to_be_visible()


def test_split_in_a_frame_without_an_origin_works_too(
    split: RenderedPage, served: Callable[..., str], visit: Callable[[str], Tab]
) -> None:
    frame = '<!doctype html><iframe sandbox="allow-scripts" src="index.html" width=1000 height=800></iframe>'
    (split.path.parent / "frame.html").write_text(frame, encoding="utf-8")

    page = visit(f"{served(split.path.parent, '')}/frame.html").frame_locator("iframe")

    page.locator("html[data-ready]").wait_for(state="attached")
    expect(page.locator("#case h3")).not_to_be_empty()
