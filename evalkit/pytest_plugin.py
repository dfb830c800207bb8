"""A gate as a test among tests: the fixture `evalkit_gate`, its options, and the verdicts at the end of a session.

    def test_the_challenger_is_not_worse(evalkit_gate):
        evalkit_gate("challenger")

PASS goes on, and FAIL fails. INCONCLUSIVE fails and PENDING is skipped, unless the user says otherwise; no choice makes
either of them a pass. pytest loads this module in every suite of its environment, so it imports nothing of evalkit
before a gate is judged.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalkit.pipeline.gating import PolicyChoice
    from evalkit.tables.gates import GateTable

_PROPERTY: Final = "evalkit.verdict"
"""The name of what a test's report, and so pytest's JUnit XML, holds of each gate."""
_SETTINGS: Final = {
    "config": "evalkit.toml or its folder; searched upwards from the test's file",
    "store": "URL of the store; EVALKIT_STORE, or the file beside the config",
    "label": "of the candidates; the newest they have",
    "baseline": "a candidate, a run, or label:LABEL; that of the gate",
    "policy": "whose gate counts where the config's and the baseline's differ: both",
    "inconclusive": "what INCONCLUSIVE does to a test: fail",
    "pending": "what PENDING does to a test: skip",
}
_COLLECT: Final = "collect what has ended before the first gate is judged"
_CHOICES: Final = {
    "policy": ("both", "candidate", "baseline"),
    "inconclusive": ("fail", "xfail", "skip"),
    "pending": ("skip", "xfail", "fail"),
}
_COLORS: Final = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow", "PENDING": "yellow"}
_MOST_CASES: Final = 5
_collected: Final = pytest.StashKey[set[tuple[str, str | None]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--evalkit-config` and the others, and the same with underscores to the ini file."""
    group = parser.getgroup("evalkit", "gates of evalkit")
    for name, told in _SETTINGS.items():
        group.addoption(f"--evalkit-{name}", choices=_CHOICES.get(name), metavar=name.upper(), help=_help(name))
        parser.addini(f"evalkit_{name}", told, type="string", default="")
    group.addoption("--evalkit-collect", action="store_true", default=None, help=_COLLECT)
    parser.addini("evalkit_collect", _COLLECT, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and refuse a choice of the ini file that there is not."""
    names = ", ".join((*_SETTINGS, "collect"))
    config.addinivalue_line("markers", f"evalkit({names}): what evalkit_gate works with in these tests, by keyword")
    for name, choices in _CHOICES.items():
        if (value := config.getini(f"evalkit_{name}")) not in ("", *choices):
            raise pytest.UsageError(f"evalkit_{name} = {value!r} in the ini file; choose from {', '.join(choices)}")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which gates are meant; nothing in a suite that says nothing of evalkit."""
    shown = [f"{name} {value}" for name in _SETTINGS if name != "store" and (value := _general(config, name))]
    shown += ["collects first"] if _general(config, "collect") else []
    return f"evalkit: {', '.join(shown)}" if shown else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say every verdict again, whatever it did to its test."""
    held = (report for reports in terminalreporter.stats.values() for report in reports)
    told = dict.fromkeys(
        (report.nodeid, value)
        for report in held
        if isinstance(report, pytest.TestReport)
        for name, value in report.user_properties
        if name == _PROPERTY
    )
    if told:
        terminalreporter.section("evalkit gates")
    for _, value in told:
        color = _COLORS.get(str(value).partition(" ")[0], "white")
        terminalreporter.write_line(str(value), **{color: True})


@pytest.fixture
def evalkit_gate(request: pytest.FixtureRequest) -> EvalkitGate:
    """Judge candidates by the gate of a config: `evalkit_gate("challenger")` passes, fails or skips the test."""
    return EvalkitGate(request)


class EvalkitGate:
    """Judges candidates by the gate of a config, and ends the test as the verdict says."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def __call__(
        self,
        candidate: str | None = None,
        *,
        config: Path | str | None = None,
        store: str | None = None,
        label: str | None = None,
        baseline: str | None = None,
        policy: PolicyChoice | None = None,
    ) -> GateTable:
        """The gates, where all of them pass; otherwise the test ends here.

        What is not given is taken from the command line, then from the marker `evalkit` that is nearest to the test,
        then from the ini file.

        Args:
            candidate: a candidate's name; every one of the config but the baseline where None.
            config: `evalkit.toml` or its folder, from the folder of the test's file.
            store: the store's URL.
            label: of the candidates.
            baseline: in place of the gate's: a candidate's name, `label:` and a label, or a run id.
            policy: whose gate counts where the config's and the baseline's differ.
        """
        __tracebackhide__ = True
        from evalkit.errors import EvalkitError

        marked = self._marked()
        given = {"config": config, "store": store, "label": label, "baseline": baseline, "policy": policy}
        settings = {name: given.get(name) or self._setting(name, marked) for name in (*_SETTINGS, "collect")}
        folder = self._request.path.parent
        try:
            table = _judge(self._request.config, candidate, settings, folder)
        except EvalkitError as error:
            said = f"evalkit: {error}"
        else:
            self._request.node.user_properties.extend((_PROPERTY, line) for line in _verdicts(table))
            if table.exit_code == 0:
                return table
            _end(table, settings)
        pytest.fail(said, pytrace=False)

    def _marked(self) -> dict[str, Any]:
        """What the markers say, the nearest first."""
        __tracebackhide__ = True
        found: dict[str, Any] = {}
        for marker in self._request.node.iter_markers("evalkit"):
            found = {**marker.kwargs, **found}
            if marker.args:
                pytest.fail("evalkit: the marker `evalkit` takes keywords only, as in config=...", pytrace=False)
        for name, value in found.items():
            choices = _CHOICES.get(name)
            if name not in (*_SETTINGS, "collect") or (choices and value not in choices):
                known = f"choose {name} from {', '.join(choices)}" if choices else f"it knows {', '.join(_SETTINGS)}"
                pytest.fail(f"evalkit: the marker `evalkit` says {name}={value!r}; {known}", pytrace=False)
        return found

    def _setting(self, name: str, marked: dict[str, Any]) -> Any:
        config = self._request.config
        value = config.getoption(f"evalkit_{name}")
        if value is not None and name == "config":
            return config.invocation_params.dir / value
        if value is None:
            value = marked.get(name)
        return _in_ini(config, name) if value is None else value


def _help(name: str) -> str:
    choices = f" ({', '.join(_CHOICES[name])})" if name in _CHOICES else ""
    told, _, default = _SETTINGS[name].rpartition(": " if choices else "; ")
    return f"{told}{choices} [default: {default}]"


def _general(config: pytest.Config, name: str) -> Any:
    """What the command line says, or else the ini file."""
    value = config.getoption(f"evalkit_{name}")
    return config.getini(f"evalkit_{name}") if value is None else value


def _in_ini(config: pytest.Config, name: str) -> Any:
    value = config.getini(f"evalkit_{name}")
    if name == "config" and value:
        return (config.inipath.parent if config.inipath else config.rootpath) / value
    return value or None


def _judge(config: pytest.Config, candidate: str | None, settings: dict[str, Any], folder: Path) -> GateTable:
    """Collect where that is wanted, once per config and store, and judge."""
    __tracebackhide__ = True
    from evalkit import api, decisions
    from evalkit.config import find_config

    file = folder / settings["config"] if settings["config"] else find_config(folder)
    store = settings["store"]
    done = config.stash.setdefault(_collected, set())
    if settings["collect"] and (str(file), store) not in done:
        api.collect(file, store=store)
        done.add((str(file), store))
    return decisions.gate(
        *([candidate] if candidate else ()),
        baseline=settings["baseline"],
        label=settings["label"],
        policy=settings["policy"] or "both",
        cases=True,
        config=file,
        store=store,
    )


def _end(table: GateTable, settings: dict[str, Any]) -> NoReturn:
    """End a test that did not pass: by default a skip where the verdict is PENDING, or else a failure."""
    __tracebackhide__ = True
    does = {"PENDING": settings["pending"] or "skip", "INCONCLUSIVE": settings["inconclusive"] or "fail"}
    (said, *_) = (line for line in _verdicts(table) if line.startswith(table.verdict))
    match does.get(table.verdict):
        case "skip":
            pytest.skip(said)
        case "xfail":
            # Not pytest.xfail(), which --runxfail makes do nothing: the test would pass.
            raise pytest.xfail.Exception(said)
        case _:
            pytest.fail("\n".join(_told(table)), pytrace=False)


def _verdicts(table: GateTable) -> list[str]:
    """A line per gate, that begins with its verdict."""
    from evalkit.cli.words import one_line

    names = [f"{gate.candidate} ({gate.label})" if gate.label else gate.candidate for gate in table]
    return [one_line(f"{gate.verdict}  {name}: {gate.rule}") for gate, name in zip(table, names, strict=True)]


def _told(table: GateTable) -> Iterator[str]:
    """What a person needs to know of gates that did not pass: verdict, numbers, and the cases that got worse."""
    from evalkit.cli.verdicts import gate_lines

    for line, gate in zip(_verdicts(table), table, strict=True):
        yield line
        if gate.verdict != "PASS":
            yield from gate_lines(gate, shutil.get_terminal_size((120, 24)).columns)
    yield from _worst_cases(table)


def _worst_cases(table: GateTable) -> Iterator[str]:
    from evalkit.ci import Fate
    from evalkit.cli.words import count, one_line

    # The cases of what was shown only would hide those that decided.
    deciding = {(check.candidate_run, check.criterion) for gate in table for check in gate.checks if check.decides}
    tables = [cases for cases in table.cases if (cases.run, cases.criterion) in deciding]
    found = [(cases, row) for cases in tables for row in cases.rows if row.fate is Fate.WORSE]
    found.sort(key=lambda pair: -pair[0].loss(pair[1]))
    if found:
        shown = f", the worst {_MOST_CASES}" if len(found) > _MOST_CASES else ""
        yield f"{count(len(found), 'case')} got worse{shown}:"
    for cases, row in found[:_MOST_CASES]:
        labels = f" ({row.baseline_label} -> {row.label})" if row.label and row.baseline_label else ""
        reason = f": {row.reason[:160]}" if row.reason else ""
        yield one_line(f"  {row.case_id}  {cases.candidate}  {cases.name}  {row.why}{labels}{reason}")
