"""Runs beside one another, from the store to what a person and a program read of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

import evalkit
from evalkit.errors import ExitCode, UsageError
from evalkit.sandbox import Behaviour, Sandbox

HOSTILE = "\x1b[31mred <script>alert(1)</script>"


def compare(project: Any, *runs: str, **options: Any) -> Any:
    return evalkit.compare(*runs, config=project.folder, store=project.store, **options)


def test_two_runs_are_compared_by_their_ids_or_the_beginnings_of_them(project: Any) -> None:
    runs = project.night("monday", production=[0], challenger=[1, 2, 3, 4, 5])
    whole = compare(project, runs["production"], runs["challenger"])
    begun = compare(project, runs["production"][:6], runs["challenger"][:6])

    assert whole == begun
    assert (whole[0].comparison.wins, whole[0].comparison.losses, whole[0].comparison.n_paired) == (1, 5, 12)
    assert [flip.case_id for flip in whole[0].comparison.regressed] == [f"case-{at:02}" for at in range(1, 6)]


def test_the_document_of_one_pair_is_flat(project: Any) -> None:
    runs = project.night("monday", production=[0], challenger=[1, 2])
    ended = project.command("compare", runs["production"], runs["challenger"], "--json")
    document = ended.json

    assert ended.code == 0
    assert document.keys() >= {
        "baseline", "candidate", "comparable", "reasons", "n_paired", "n_unpaired", "delta", "low", "high", "p_value",
        "method", "wins", "ties", "losses", "mde",
    }  # fmt: skip
    assert (document["baseline"], document["candidate"]) == (runs["production"], runs["challenger"])
    assert document["delta"] == pytest.approx(-1 / 12)
    assert (document["n_paired"], document["wins"], document["ties"], document["losses"]) == (12, 1, 9, 2)
    assert (document["reasons"], document["mend"]) == ([], None)
    assert document["baseline_mean"]["mean"] == pytest.approx(11 / 12)
    assert document["transitions"][0] == {"before": "correct", "after": "incorrect", "n": 2}
    assert [flip["case"] for flip in document["flips"]] == ["case-01", "case-02", "case-00"]
    assert document["flips"][0]["candidate_output"] == "Nobody knows."
    assert document["flips"][0]["baseline_output"] == "They are 2."
    assert document["flips"][0]["candidate_reason"]


def test_several_comparisons_are_a_list_adjusted_together(project: Any) -> None:
    project.night("monday", production=[0], challenger=[1, 2])
    document = project.command("compare", "--json").json

    found = document["comparisons"]
    assert [one["grader"] for one in found] == ["correctness", "exact"]
    assert {one["baseline_run"]["name"] for one in found} == {"production"}
    assert document["adjustment"] == "Holm over 2 comparisons"
    assert all(one["p_adjusted"] >= one["p_value"] for one in found)


def test_without_words_every_candidate_of_the_newest_label_meets_the_gates_baseline(project: Any) -> None:
    project.night("monday", production=[0], challenger=[1])
    tuesday = project.night("tuesday", production=[0, 1], challenger=[2])
    found = compare(project, criterion="correctness")

    assert [(row.baseline.run, row.candidate.run) for row in found] == [(tuesday["production"], tuesday["challenger"])]


def test_candidates_are_named_and_a_label_tells_which_of_their_runs(project: Any) -> None:
    monday = project.night("monday", production=[0], challenger=[1])
    project.night("tuesday", production=[0, 1], challenger=[2])
    (row,) = compare(project, "production", "challenger", label="monday", criterion="correctness")

    assert (row.baseline.run, row.candidate.run) == (monday["production"], monday["challenger"])
    assert row.names == ("production", "challenger")


@pytest.mark.parametrize(
    "words",
    [
        {"runs": (), "baseline_label": "main", "label": "pr-1"},
        {"runs": (), "baseline": "label:main", "label": "pr-1"},
        {"runs": ("challenger", "production"), "baseline": "label:main"},
    ],
)
def test_each_candidate_may_be_compared_with_itself_under_another_label(project: Any, words: dict[str, Any]) -> None:
    main = project.night("main", production=[0], challenger=[1])
    pull = project.night("pr-1", production=[0, 2], challenger=[1, 3])
    found = compare(project, *words.pop("runs"), criterion="correctness", **words)

    pairs = {(row.baseline.run, row.candidate.run) for row in found}
    assert pairs == {(main[name], pull[name]) for name in ("production", "challenger")}
    assert found[0].names[0].endswith("(main)")


def test_the_label_of_the_baseline_alone_never_meets_itself(project: Any) -> None:
    pull = project.night("pr-1", production=[0, 2], challenger=[1, 3])
    main = project.night("main", production=[0], challenger=[1])  # the newest of all
    found = compare(project, "challenger", baseline_label="main", criterion="correctness")

    assert [(row.baseline.run, row.candidate.run) for row in found] == [(main["challenger"], pull["challenger"])]


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        (
            ("production", "nobody"),
            {},
            r"'nobody' is no run and no candidate; the candidates are challenger, production",
        ),
        (
            ("production", "challenger"),
            {"label": "friday"},
            r"challenger has no run under the label 'friday'; .*'monday'",
        ),
        (("challenger",), {"baseline": "label:friday"}, r"has no run of the label 'friday' beside it"),
        (("challenger",), {"criterion": "tone"}, r"no two of these runs are both scored on 'tone'"),
        (("production", "production"), {}, r"has no run of 'production' beside it"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(
    project: Any, words: tuple[str, ...], options: dict[str, Any], said: str
) -> None:
    project.night("monday", production=[0], challenger=[1])

    with pytest.raises(UsageError, match=said):
        compare(project, *words, **options)


def test_without_a_baseline_anywhere_it_says_how_to_name_one(project: Any) -> None:
    project.night("monday", production=[0], challenger=[1])
    project.edit('[gate]\nbaseline = "production"\n', "")

    with pytest.raises(UsageError, match="--baseline-label, or a \\[gate\\]"):
        compare(project)


def test_runs_of_two_rubrics_are_refused_with_the_part_and_the_command_that_mends(project: Any) -> None:
    monday = project.night("monday", production=[0], challenger=[1])
    (project.folder / "rubric.md.j2").write_text("Is it right? correct: yes. partial: some. incorrect: no.")
    tuesday = project.night("tuesday", production=[0], challenger=[1])
    words = ("compare", monday["production"], tuesday["challenger"])
    ended = project.command(*words)
    document = project.command(*words, "--json").json

    assert ended.code == ExitCode.INCONCLUSIVE
    assert "challenger (tuesday) and production (monday) are not comparable on correctness:" in ended.out
    assert "rubric differs" in ended.out
    assert f"\n    evalkit rejudge {monday['production']} --sandbox\n" in ended.out
    assert (document["comparable"], document["delta"], document["outcome"]) == (False, None, "not comparable")
    assert document["mend"] == f"evalkit rejudge {monday['production']} --sandbox"
    assert any("rubric" in reason for reason in document["reasons"])


def test_the_command_that_mends_does(project: Any) -> None:
    monday = project.night("monday", production=[0], challenger=[1])
    (project.folder / "rubric.md.j2").write_text("Is it right? correct: yes. partial: some. incorrect: no.")
    project.night("tuesday", production=[0], challenger=[1])
    words = ("compare", "production", "challenger", "--baseline-label", "monday", "--criterion", "correctness")
    refused = project.command(*words, "--json")
    mend = refused.json["mend"].split()[1:]
    assert refused.json["baseline"] == monday["production"]

    assert project.command(*mend, "--wait", "-q").code == 0
    mended = project.command(*words, "--json")

    assert (refused.code, mended.code) == (4, 0)
    assert (mended.json["comparable"], mended.json["n_paired"]) == (True, 12)


def test_force_computes_and_says_so(project: Any) -> None:
    monday = project.night("monday", production=[0], challenger=[1])
    (project.folder / "rubric.md.j2").write_text("Is it right? correct: yes. partial: some. incorrect: no.")
    tuesday = project.night("tuesday", production=[0], challenger=[1])
    ended = project.command("compare", monday["production"], tuesday["challenger"], "--force")

    assert ended.code == 0
    assert "by force although" in " ".join(ended.out.split())


def test_an_open_side_is_pending_and_not_refused(
    project: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.behaviour = Behaviour()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    project.outputs("production", [0])
    project.outputs("challenger", [1])
    evalkit.run(project.folder, store=project.store, label="monday", poll=0.02)
    sandbox.behaviour = replace(Behaviour(), seconds=3600)
    evalkit.submit(project.folder, store=project.store, label="tuesday", fresh=True)
    ended = project.command(
        "compare", "challenger", "--baseline-label", "monday", "--label", "tuesday", "--criterion", "correctness"
    )
    document = project.command(
        "compare",
        "challenger",
        "--baseline-label",
        "monday",
        "--label",
        "tuesday",
        "--criterion",
        "correctness",
        "--json",
    ).json

    assert ended.code == ExitCode.PENDING
    assert "have no case with a score in both" in ended.out
    assert "12 scores still to come" in ended.out
    assert (document["comparable"], document["n_paired"], len(document["unscored"])) == (True, 0, 12)
    assert (document["added"], document["removed"]) == ([], [])


def test_slices_are_shown_by_tag_and_metadata_and_called_exploratory(project: Any) -> None:
    runs = project.night("monday", production=[0], challenger=[6, 7, 8, 9, 10])
    words = ("compare", runs["production"], runs["challenger"], "--slices")
    shown, document = project.command(*words), project.command(*words, "--json").json

    assert {one["name"] for one in document["slices"]} == {"small", "large", "parity=even", "parity=odd"}
    assert all(one["exploratory"] for one in document["slices"])
    assert "slices, exploratory" in shown.out
    lines = shown.out.splitlines()
    order = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in ("small", "large")]
    assert order == ["large", "small"]  # the worst first
    assert project.command(*words[:3], "--json").json["slices"] == []


def test_few_clusters_are_said_below_the_sentence(project: Any) -> None:
    cases = project.folder / "cases.jsonl"
    lines = [json.loads(line) for line in cases.read_text(encoding="utf-8").splitlines()]
    rows = [{**line, "cluster": f"document {at // 3}"} for at, line in enumerate(lines)]
    cases.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    runs = project.night("monday", production=[0], challenger=[1, 2, 3])

    said = project.command("compare", runs["production"], runs["challenger"]).out
    assert "over 4 clusters" in said
    assert "only 4 clusters: the interval is rough" in said


def test_a_screen_of_80_columns_has_the_sentence_the_labels_and_the_worst_cases(project: Any) -> None:
    runs = project.night("monday", production=[0], challenger=[1, 2, 3, 4, 5, 6, 7, 8])
    ended = project.command("compare", runs["production"], runs["challenger"], "--flips", "2")
    said = " ".join(ended.out.split())

    assert max(map(cell_len, ended.out.splitlines())) <= 80
    assert re.search(r"challenger is worse than production on correctness: -58\.3 points \[-\d", said)
    assert "8 lost, 1 won, 3 tied" in said
    assert "labels: correct -> incorrect 8, incorrect -> correct 1" in said
    assert "case-01: correct = 1 -> incorrect = 0" in said
    assert "case-02: correct" in said
    assert "case-03: correct" not in said
    assert "They are 2." in said
    assert "judge: " in said
    assert "simulated by the sandbox" in said
    assert project.command("compare", runs["production"], runs["challenger"], "-n", "0").out.count("case-") == 0


def test_several_comparisons_fit_80_columns_with_a_sentence_each(project: Any) -> None:
    project.night("monday", production=[0], challenger=[1, 2])
    ended = project.command("compare")

    assert ended.code == 0
    assert max(map(cell_len, ended.out.splitlines())) <= 80
    assert ended.out.count("no difference seen between challenger and production") == 2
    assert "adjusted together: Holm over 2 comparisons" in ended.out


def test_cases_without_an_output_are_unpaired_and_named(project: Any) -> None:
    project.outputs("production", [0])
    project.outputs("challenger", [1], lacking=[3, 4])
    evalkit.run(project.folder, store=project.store, label="monday", sandbox=True)
    ended = project.command("compare", "production", "challenger", "--criterion", "correctness")

    assert ended.code == 0
    assert "2 not paired: 2 without a score on a side (case-03, case-04)" in ended.out


def test_hostile_text_moves_no_cursor_and_opens_no_tag(project: Any) -> None:
    project.outputs("production", [])
    path = project.folder / "challenger.jsonl"
    project.outputs("challenger", [0])
    path.write_text(path.read_text().replace("Nobody knows.", HOSTILE.replace("\x1b", "\\u001b")))
    evalkit.run(project.folder, store=project.store, label="<b>", sandbox=True)
    ended = project.command("compare", "production", "challenger", "--criterion", "correctness")
    html = compare(project, "production", "challenger", baseline_label="<b>", criterion="correctness")._repr_html_()

    assert "\\x1b[31mred" in ended.out
    assert "\x1b" not in ended.out
    assert "<script>" not in html
    assert "<table>" in html


def test_a_table_is_a_data_frame_too(project: Any) -> None:
    project.night("monday", production=[0], challenger=[1, 2])
    found = compare(project)
    data = found.to_frame()

    assert list(data["grader"]) == ["correctness", "exact"]
    assert data["delta"].tolist() == [row.comparison.delta for row in found]
    assert data["baseline_mean"].tolist() == [row.comparison.baseline_estimate.mean for row in found]
    assert found.exit_code == 0


def test_noise_runs_are_never_taken_for_a_candidates_own(project: Any) -> None:
    runs = project.night("monday", production=[0], challenger=[1])
    evalkit.noise(
        runs["challenger"], cases=4, samples=2, config=project.folder, store=project.store, sandbox=True, wait=True
    )
    (row,) = compare(project, "production", "challenger", criterion="correctness")

    assert row.candidate.run == runs["challenger"]
