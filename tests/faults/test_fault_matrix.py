"""Every fault at every endpoint: what a user sees, how it ends, and that nothing is paid twice or lost by it.

The rows below are the table "What happens if..." of the README, which is held against them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from evalkit.sandbox import Fault

DONE, PROVIDER, UNKNOWN = 0, 6, 7
AT_ONCE: Final = "0.01"
BURST: Final = 5
BAD_STATUS: Final = (408, 409, 500, 503, 504)
REFUSALS: Final = (400, 401, 402, 403, 404, 422)
POLLUTION: Final = ("blank-line", "garbage-line", "invalid-utf8", "duplicate-row", "stranger")
CUTS: Final = ("chunked", "length", "eof", "terminated")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table: what goes wrong, how it ends, and the faults that prove it."""

    what: str
    ends: str
    faults: tuple[Fault, ...] = ()
    """Each is tried alone, once and twice; what is asked again meets it once and in a burst."""
    before: tuple[Fault, ...] = ()
    """Faults that must have happened first."""
    codes: tuple[int, ...] = ()
    """The exit codes that the commands which meet the fault may end with."""
    says: str = ""
    """A pattern of what is said on stderr where the code is not 0."""
    proof: str = ""
    """The test that proves it, where it is not a fault of the sandbox's."""


def _unclear(**options: Any) -> tuple[Fault, ...]:
    """Every answer to a create that does not tell whether it took effect."""
    statuses = tuple(Fault("create", "status", status=status, **options) for status in BAD_STATUS)
    bodies = tuple(Fault("create", kind, **options) for kind in ("200-html", "200-broken-json", "529"))
    return (*statuses, *bodies)


def _no_answer(endpoint: Any) -> tuple[Fault, ...]:
    """Every way of a read to go wrong."""
    statuses = tuple(
        Fault(endpoint, "status", status=status, retry_after=AT_ONCE) for status in (400, 401, 403, 408, 409, 503, 504)
    )
    kinds = tuple(Fault(endpoint, kind, retry_after=AT_ONCE) for kind in ("404", "429", "500", "529"))
    bodies = tuple(
        Fault(endpoint, kind) for kind in ("200-html", "200-broken-json", "redirect", "413-html", "spend-cap")
    )
    return (*statuses, *kinds, *bodies, Fault(endpoint, "reset"), Fault(endpoint, "hang", seconds=0.1))


ROWS: Final = (
    Row(
        what="evalkit is killed, or the machine goes down, at any moment",
        ends="Run the same command again: it goes on from what was written down last, and looks for a create whose "
        "answer was not before it sends anything. No state is edited by hand.",
        proof="test_a_command_killed_at_any_step_is_made_good_by_running_it_again",
    ),
    Row(
        what="A create takes effect, and its answer is an error or never comes (408, 409, 5xx, a lost connection, an "
        "HTML page)",
        ends="`unknown`: it is not sent again. evalkit finds the batch in the API's list by time and size, takes it "
        "for its own when its results show the run's requests, and goes on. `submit` exits with 7 until then.",
        faults=(
            *_unclear(committed=True),
            Fault("create", "commit-then-500"),
            Fault("create", "commit-then-reset"),
        ),
        codes=(UNKNOWN,),
        says=r"a create of 1\d requests was sent at .*, and its outcome is not known .*evalkit resolve",
    ),
    Row(
        what="The same errors, and no batch was made",
        ends="`unknown` too: it is sent again only when two looks at the list, apart by longer than the list may lag, "
        "show no batch that could be it. `submit` exits with 7 until then; `evalkit resolve` takes your word for it.",
        faults=(*_unclear(), Fault("create", "reset"), Fault("create", "hang", seconds=0.1)),
        codes=(UNKNOWN,),
        says=r"its outcome is not known",
    ),
    Row(
        what="A create is slow to answer",
        ends="It is waited for, and sent once.",
        faults=(Fault("create", "commit-then-hang", seconds=0.2),),
        codes=(DONE,),
    ),
    Row(
        what="The list of batches lags, and does not show a batch that exists",
        ends="The second look is taken when a list has had its time (`EVALKIT_RECONCILE_GRACE`, 60 s, and twice that), "
        "so that it shows.",
        before=(Fault("create", "commit-then-reset"),),
        faults=(Fault("list", "list-lag", seconds=0.5),),
        codes=(UNKNOWN, DONE),
    ),
    Row(
        what="The list cannot be read while a create is unknown",
        ends="Nothing is concluded from that: exit 6 or 7, and the next pass looks again.",
        before=(Fault("create", "commit-then-500"),),
        faults=_no_answer("list"),
        codes=(DONE, PROVIDER, UNKNOWN),
        says=r"the list of batches|outcome is not known",
    ),
    Row(
        what="A create meets a rate limit (429 with `retry-after`)",
        ends="evalkit waits as long as it is told to, two minutes at most, and sends it again; five times, then "
        "exit 6.",
        faults=(Fault("create", "429", retry_after=AT_ONCE),),
        codes=(DONE, PROVIDER),
        says=r"was refused 5 times",
    ),
    Row(
        what="A create is refused (400, 401, 402, 403, 404, 413, a spend limit, a redirect)",
        ends="Exit 6 with the API's reason and a way to mend it. No batch was made; the same command sends it when the "
        "reason is gone.",
        faults=(
            *(Fault("create", "status", status=status) for status in REFUSALS),
            Fault("create", "413-html"),
            Fault("create", "spend-cap"),
            Fault("create", "429"),
            Fault("create", "redirect"),
        ),
        codes=(PROVIDER,),
        says=r"was not submitted: .*(answered 4\d\d|redirected to)",
    ),
    Row(
        what="The API cannot be reached",
        ends="Exit 6; nothing was sent. The run is kept, and the same command sends it.",
        proof="test_an_api_that_cannot_be_reached_is_said_so_and_the_run_is_kept",
    ),
    Row(
        what="Asking after a batch fails (404, 429, 5xx, a lost connection, an HTML page)",
        ends="It is asked again; `--wait` goes on, one `collect` exits with 6 if it stays. A 404 is never "
        "taken for 'gone, so send it again'.",
        faults=_no_answer("retrieve"),
        codes=(DONE, PROVIDER),
        says=r"batch msgbatch_\w+",
    ),
    Row(
        what="A download of results is refused, breaks off, or ends early without a word",
        ends="Whole lines are kept as they come, and what was found is held against what was sent. The download is "
        "made again, at once and by the next pass: exit 6 until it is whole.",
        faults=(
            *_no_answer("results"),
            *(Fault("results", "cut", byte=900, framing=framing) for framing in CUTS),
        ),
        codes=(DONE, PROVIDER),
        says=r"results of batch msgbatch_\w+",
    ),
    Row(
        what="Results hold blank lines, garbage, invalid UTF-8, a result twice, or somebody else's results",
        ends="The good lines count, each once, joined by `custom_id`. A bad line is named; a stranger's is kept, but "
        "neither scored nor paid for.",
        faults=tuple(Fault("results", kind) for kind in POLLUTION),
        codes=(DONE,),
    ),
    Row(
        what="A result is absent from a download that ends well",
        ends="The download is made once more. If it is absent again the case is `missing`: unscored, counted beside "
        "every number, never a zero. `evalkit retry RUN` sends it again.",
        proof="test_a_result_that_stays_absent_is_missing_and_a_person_may_send_it_again",
    ),
    Row(
        what="Requests are errored by the API, expire, or are cut at `max_tokens`",
        ends="They are sent again by themselves, in a batch of their own with the same ids, what was cut with four "
        "times the tokens; at most `retries` times (2). Every attempt counts in money, the last in score.",
        proof="test_what_passes_is_sent_again_and_every_attempt_is_counted",
    ),
    Row(
        what="Every request is invalid, or the account cannot pay",
        ends="The run stops with the API's words, once; exit 6. Nothing is billed, and nothing is sent again by "
        "itself.",
        proof="test_a_run_of_invalid_requests_stops_with_the_words_of_the_api",
    ),
    Row(
        what="A cancel fails, or its answer is lost",
        ends="Exit 6; cancel again. What was done is collected, and what was canceled is not sent again by itself.",
        proof="test_a_cancel_that_fails_is_asked_again_and_nothing_is_sent_after_it",
    ),
    Row(
        what="The disk is full",
        ends="Exit 6 with the file it was. What was written before stays whole; make room, run the same command again.",
        proof="test_a_full_disk_is_said_so_and_the_next_pass_goes_on",
    ),
    Row(
        what="The store is locked for longer than 30 s, or may not be written",
        ends="Exit 6; nothing is sent that could not be written down first. Run the same command again.",
        proof="test_a_locked_store_is_said_so_and_nothing_is_sent_meanwhile",
    ),
    Row(
        what="The store is lost",
        ends="`evalkit recover` rebuilds its runs from the API, the config and the dataset, for 29 days, without "
        "paying again. Recover before you submit: an empty store knows of no earlier create.",
        proof="test_a_lost_store_is_rebuilt_from_the_api_without_a_second_create",
    ),
)
_SMALL: Final = (
    "create-commit-then-500",
    "create-200-html",
    "create-spend-cap",
    "retrieve-404",
    "results-cut-terminated",
)


def table() -> str:
    """The rows as the Markdown table of the README."""
    lines = [f"| {row.what} | {row.ends} |" for row in ROWS]
    return "\n".join(["| What happens if... | ...and how it ends |", "|---|---|", *lines])


def _name(fault: Fault) -> str:
    parts = [fault.endpoint, fault.kind]
    parts += [str(fault.status)] if fault.kind == "status" else [fault.framing] if fault.kind == "cut" else []
    return "-".join([*parts, *(["committed"] if fault.committed else [])])


def _tries() -> list[Any]:
    tries: list[Any] = []
    for row in ROWS:
        for fault in row.faults:
            for times in _times(fault):
                name = f"{_name(fault)}-x{times}"
                small = times == 1 and _name(fault) in _SMALL
                repeated = Fault(**{**_fields(fault), "times": times})
                marks = () if small else (pytest.mark.sweep,)
                tries.append(pytest.param(row, repeated, id=name, marks=marks))
    return tries


def _times(fault: Fault) -> tuple[int, ...]:
    """How often in a row: some kinds of each endpoint show what one, two and many do; the others come once, or always.

    What is asked again outlives one fault of any kind in the same way, and tells of its own only where it lasts. Those
    that are played on every change come once, too.
    """
    shows_all = fault.kind in ("500", "429") or fault.framing == "terminated"
    if not _is_asked_again(fault):
        return (1, 2) if shows_all else (1,)
    if shows_all:
        return (1, 2, BURST)
    return (1, BURST) if _name(fault) in _SMALL else (BURST,)


def _is_asked_again(fault: Fault) -> bool:
    """A submit sends two creates, once each unless it is told to wait: of a burst it would meet no more than two."""
    return fault.endpoint != "create" or fault.retry_after is not None


def _fields(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in fault.__dataclass_fields__}


@pytest.mark.parametrize(("row", "fault"), _tries())
def test_a_fault_ends_well_or_is_said_clearly_and_is_made_good(faults: Any, tried: Any, row: Row, fault: Fault) -> None:
    tried[fault.endpoint] += 1
    place = faults.new(*row.before, fault)

    met = [place.evalkit("submit")]
    if not row.before and fault.endpoint != "create":
        assert met.pop().code == DONE
    if fault.endpoint != "create":
        met = [place.evalkit("collect") for _ in range(2)]
    for one in met:
        assert one.code in row.codes, one
        assert one.code == DONE or re.search(row.says, one.err), one
        assert "Traceback" not in one.err
    assert len(set(_bodies(place))) == len(_bodies(place))

    place.calm()
    place.again()
    faults.kept_promises(place)
    assert faults.creates(place) == 6


def _bodies(place: Any) -> list[str]:
    return [entry.body_sha256 for entry in place.sandbox.witness() if entry.accepted_create]


def test_strangers_and_garbage_among_its_results_do_not_hide_a_lost_batch(faults: Any) -> None:
    place = faults.new(Fault("create", "commit-then-500"), pollution=("blank-line", "garbage-line", "stranger"))

    assert place.evalkit("submit").code == UNKNOWN
    place.again()

    place.sandbox.behaviour = replace(place.sandbox.behaviour, pollution=())
    faults.kept_promises(place)
    assert faults.creates(place) == 6


def test_an_api_that_cannot_be_reached_is_said_so_and_the_run_is_kept(faults: Any) -> None:
    place = faults.new()
    away = "http://127.0.0.1:9"

    place.env = {"ANTHROPIC_BASE_URL": away}
    refused = place.evalkit("submit")

    assert refused.code == PROVIDER
    assert re.search(r"was not submitted: no connection .* check the network and ANTHROPIC_BASE_URL", refused.err)
    assert faults.creates(place) == 0


def test_a_result_that_stays_absent_is_missing_and_a_person_may_send_it_again(faults: Any) -> None:
    place = faults.new(Fault("results", "missing-row", times=2))
    place.evalkit("submit")
    place.evalkit("collect", "--wait", "--poll", "0.05")
    reason = "the batch ended without a result for this request"
    (absent,) = [row for row in place.export() if row["reason"] == reason]

    assert (absent["status"], absent["value"]) == ("missing", None)
    again = place.evalkit("retry", absent["run"])
    assert again.code == DONE, again
    place.again()
    assert place.export() == list(faults.reference)
    faults.paid_once(place)


def test_what_passes_is_sent_again_and_every_attempt_is_counted(faults: Any) -> None:
    place = faults.new(shares={"expired": 0.3, "overloaded_error": 0.3, "thinking_only": 0.3})

    place.again()

    assert {row["status"] for row in place.export() if row["custom_id"]} == {"scored"}
    assert faults.creates(place) == 6
    faults.paid_once(place)
    faults.counted_as_billed(place)


def test_a_run_of_invalid_requests_stops_with_the_words_of_the_api(faults: Any) -> None:
    place = faults.new(shares={"invalid_request_error": 1.0})
    place.evalkit("submit")

    stopped = place.evalkit("collect")
    passes = [place.evalkit("collect") for _ in range(3)]

    assert stopped.code == PROVIDER
    assert re.search("refused every request .*invalid_request_error.*nothing is billed", stopped.err, re.S)
    assert [one.code for one in passes][-1] == DONE
    assert faults.creates(place) == 2
    faults.counted_as_billed(place)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cancel", "500", times=BURST, retry_after=AT_ONCE),
        pytest.param(Fault("cancel", "500", times=BURST, retry_after=AT_ONCE, committed=True), marks=pytest.mark.sweep),
        Fault("cancel", "commit-then-reset", times=BURST),
        Fault("cancel", "404"),
        pytest.param(Fault("cancel", "200-html"), marks=pytest.mark.sweep),
        pytest.param(Fault("cancel", "200-broken-json", committed=True), marks=pytest.mark.sweep),
        pytest.param(Fault("cancel", "redirect"), marks=pytest.mark.sweep),
        Fault("cancel", "429"),
        pytest.param(Fault("cancel", "spend-cap"), marks=pytest.mark.sweep),
    ],
    ids=lambda fault: f"{_name(fault)}-x{fault.times}",
)
def test_a_cancel_that_fails_is_asked_again_and_nothing_is_sent_after_it(faults: Any, fault: Fault) -> None:
    place = faults.new(fault, seconds=3600)
    place.evalkit("submit")
    run = place.runs()[0]

    failed = place.evalkit("cancel", run)
    place.calm()
    canceled = place.evalkit("cancel", run)
    again = place.evalkit("cancel", run)
    collected = place.evalkit("collect", run, "--wait", "--poll", "0.05", "--timeout", "20")

    assert failed.code in (DONE, PROVIDER), failed
    assert failed.code == DONE or "was not canceled" in failed.err or "is not a batch" in failed.err, failed
    assert (canceled.code, again.code, collected.code) == (DONE, DONE, DONE), (canceled, again, collected)
    assert place.sql(f"select count(*) from batches where run = '{run}'") == [(1,)]
    assert {row["status"] for row in place.export() if row["run"] == run} >= {"canceled"}
    assert faults.creates(place) == 2


def test_every_row_is_proven() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))

    for row in ROWS:
        assert bool(row.faults) != bool(row.proof), row.what
        assert row.faults or f"def {row.proof}(" in tests, row.proof


def test_the_readme_says_what_these_rows_say() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    text = readme.read_text(encoding="utf-8")

    shown = text.partition("<!-- faults:begin -->\n")[2].partition("<!-- faults:end -->")[0]

    assert shown.strip() == table()
