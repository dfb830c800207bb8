"""A right config becomes a `Config`, wherever it is read from."""

import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from evalkit.config import (
    CandidateConfig,
    Config,
    DatasetConfig,
    GateConfig,
    GraderConfig,
    find_config,
    load_config,
)
from evalkit.errors import ConfigError, ExitCode

DESIGN = r"""
# evalkit.toml
name = "support"

[dataset]
path = "datasets/support/cases.jsonl"      # .jsonl .json .csv .tsv .parquet (gzip too)

[judge]
model = "claude-haiku-5-5"
effort = "low"
max_tokens = 4096

[[graders]]
name = "correctness"                        # a rubric grader: labels map to values
rubric = "datasets/support/correctness.md.j2"
labels = { incorrect = 0, partial = 0.5, correct = 1 }

[[graders]]
name = "cites"                              # a check: free, local, no batch
check = "regex"
pattern = '\[\d+\]'

[[candidates]]
name = "haiku"
model = "claude-haiku-5-5"
prompt = "datasets/support/answer.md.j2"    # evalkit generates the outputs: a generation run, its own batch

[[candidates]]
name = "production"
outputs = "datasets/support/production.jsonl"   # recorded: {id, output}; or a field of the dataset

[gate]
baseline = "production"
margin = 0.02
min_coverage = 0.98
"""
SMALL = """
name = "small"
[dataset]
path = "datasets/support/cases.jsonl"
[judge]
model = "claude-haiku-5-5"
[[graders]]
name = "fine"
rubric = "Is the output fine?"
[[candidates]]
name = "recorded"
outputs = "answer"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "evalkit.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_example_of_the_design_is_read_whole(folder: Path) -> None:
    config = load_config(written(folder, DESIGN))

    support = folder / "datasets/support"
    assert (config.name, config.path, config.root) == ("support", folder / "evalkit.toml", folder)
    assert config.dataset.path == support / "cases.jsonl"
    assert config.judge is not None
    assert (config.judge.model, config.judge.effort, config.judge.max_tokens) == ("claude-haiku-5-5", "low", 4096)
    correctness, cites = config.graders
    assert (correctness.kind, correctness.rubric_text) == ("rubric", "Is the answer correct?\n")
    assert correctness.rubric_path == support / "correctness.md.j2"
    assert list(correctness.labels.items()) == [("incorrect", 0.0), ("partial", 0.5), ("correct", 1.0)]
    assert (cites.kind, cites.check, cites.pattern, cites.rubric_path) == ("check", "regex", r"\[\d+\]", None)
    haiku, production = config.candidates
    assert (haiku.kind, haiku.model, haiku.prompt_text) == ("generated", "claude-haiku-5-5", "Answer: {{ input }}\n")
    assert (haiku.prompt_path, haiku.outputs_path) == (support / "answer.md.j2", None)
    assert (production.kind, production.outputs_path) == ("recorded", support / "production.jsonl")
    assert production.outputs_field is None
    assert config.gate == GateConfig(baseline="production", margin=0.02, min_coverage=0.98)
    assert config.baseline == "production"


def test_what_is_left_out_has_its_default(folder: Path) -> None:
    config = load_config(written(folder, SMALL))

    grader, candidate = config.graders[0], config.candidates[0]
    assert (grader.rubric_text, grader.rubric_path) == ("Is the output fine?", None)
    assert grader.labels == {"fail": 0, "pass": 1}
    assert (grader.reply, grader.verdict_pattern, grader.ignore_case, grader.strip) == ("json", None, False, True)
    assert (candidate.outputs_field, candidate.outputs_path, candidate.prompt_text) == ("answer", None, "")
    assert config.judge is not None
    assert (config.judge.effort, config.judge.max_tokens) == (None, 4096)
    assert (config.dataset.fields, config.gate, config.baseline) == ({}, None, None)


def test_a_gate_has_its_defaults(folder: Path) -> None:
    config = load_config(written(folder, SMALL + '[gate]\nbaseline = "recorded"\n'))

    assert config.gate == GateConfig(baseline="recorded", margin=0.02, min_coverage=0.98)


def test_checks_alone_need_no_judge(folder: Path) -> None:
    judge = '[judge]\nmodel = "claude-haiku-5-5"\n'
    text = SMALL.replace(judge, "").replace('rubric = "Is the output fine?"', 'check = "exact"\nstrip = false')

    config = load_config(written(folder, text))

    assert config.judge is None
    assert (config.graders[0].check, config.graders[0].strip) == ("exact", False)


def test_a_judge_may_answer_in_text(folder: Path) -> None:
    more = "reply = 'text'\nverdict_pattern = '(?:Grade|GRADE): (\\w+)'"
    config = load_config(written(folder, SMALL.replace('"Is the output fine?"', f'"Is it fine?"\n{more}')))

    assert config.graders[0].reply == "text"
    assert config.graders[0].verdict_pattern == r"(?:Grade|GRADE): (\w+)"


def test_a_rubric_of_several_lines_is_text_even_if_it_ends_like_a_path(folder: Path) -> None:
    text = SMALL.replace('"Is the output fine?"', '"""\nIs it as in\nREADME.md"""')

    assert load_config(written(folder, text)).graders[0].rubric_text == "Is it as in\nREADME.md"


def test_a_very_long_rubric_on_one_line_is_text(folder: Path) -> None:
    rubric = "Is the output fine? " * 500

    assert load_config(written(folder, SMALL.replace("Is the output fine?", rubric))).graders[0].rubric_text == rubric


def test_relative_paths_count_from_the_file_not_from_the_working_directory(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(folder, DESIGN)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    absolute = load_config(file)
    relative = load_config(Path(os.path.relpath(file)))

    assert absolute.dataset.path == relative.dataset.path == folder / "datasets/support/cases.jsonl"
    assert absolute.graders[0].rubric_text == relative.graders[0].rubric_text == "Is the answer correct?\n"
    assert relative.path == file


def test_a_path_may_lead_out_of_the_folder(folder: Path) -> None:
    inner = folder / "evals"
    inner.mkdir()
    text = SMALL.replace('path = "datasets', 'path = "../datasets')

    assert load_config(written(inner, text)).dataset.path == folder / "datasets/support/cases.jsonl"


@pytest.mark.parametrize("name", ["a.CSV", "a.tsv.gz", "a.jsonl.gz", "a.parquet", "a.ndjson", "a.json"])
def test_outputs_with_the_ending_of_a_data_file_are_a_path(folder: Path, name: str) -> None:
    (folder / name).write_bytes(gzip.compress(b""))

    candidate = load_config(written(folder, SMALL.replace('"answer"', f'"{name}"'))).candidates[0]

    assert (candidate.outputs_path, candidate.outputs_field) == (folder / name, None)


def test_a_folder_stands_for_the_config_in_it(folder: Path) -> None:
    assert load_config(written(folder, SMALL).parent) == load_config(folder / "evalkit.toml")


def test_a_byte_order_mark_and_windows_newlines_are_accepted(folder: Path) -> None:
    file = folder / "evalkit.toml"
    file.write_bytes(b"\xef\xbb\xbf" + DESIGN.replace("\n", "\r\n").encode())
    (folder / "datasets/support/correctness.md.j2").write_bytes(b"\xef\xbb\xbfIs it\r\ncorrect?\r\n")

    assert load_config(file).graders[0].rubric_text == "Is it\ncorrect?\n"


def test_fields_of_the_dataset_are_renamed(folder: Path) -> None:
    text = SMALL.replace("[judge]", '[dataset.fields]\ninput = "question"\nexpected = "ground truth"\n[judge]')

    assert load_config(written(folder, text)).dataset.fields == {"input": "question", "expected": "ground truth"}


def test_the_config_is_found_from_a_folder_below(folder: Path) -> None:
    file = written(folder, SMALL)

    assert find_config(folder / "datasets/support") == find_config(folder) == file


def test_a_config_that_is_not_found_is_mended_by_init(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_config(folder / "datasets")

    assert str(caught.value) == (
        f"{folder}/datasets: there is no evalkit.toml here or in a folder above; run `evalkit init` to make one"
    )
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("evalkit.tml", "evalkit.tml: there is no such file; did you mean evalkit.toml?"),
        ("datasets/other.toml", "datasets/other.toml: there is no such file; run `evalkit init` to make one"),
        ("datasets", "datasets/evalkit.toml: there is no such file; run `evalkit init` to make one"),
    ],
)
def test_a_config_that_is_not_there_is_refused(folder: Path, path: str, message: str) -> None:
    written(folder, SMALL)

    with pytest.raises(ConfigError) as caught:
        load_config(Path(path))

    assert str(caught.value) == message


def test_a_config_survives_pickling_with_its_texts(folder: Path) -> None:
    config = load_config(written(folder, DESIGN))

    # The bytes are of this test's own making.
    copy = pickle.loads(pickle.dumps(config))

    assert copy == config
    assert copy.root == folder
    assert copy.graders[0].rubric_text == "Is the answer correct?\n"


def test_a_config_cannot_be_changed(folder: Path) -> None:
    config = load_config(written(folder, SMALL))

    with pytest.raises(ValidationError):
        config.name = "other"  # type: ignore[misc]  the point of the test


def test_a_config_made_in_python_obeys_the_same_rules(folder: Path) -> None:
    grader = GraderConfig(name="fine", check="exact")
    candidate = CandidateConfig(name="recorded", outputs="answer")

    def config(**changes: object) -> Config:
        parts: dict[str, object] = {
            "name": "small",
            "dataset": DatasetConfig(path=Path("datasets/support/cases.jsonl")),
            "graders": (grader,),
            "candidates": (candidate,),
        }
        return Config.model_validate(parts | changes)

    assert config().root == folder
    with pytest.raises(ValidationError, match="there is no candidate"):
        config(gate=GateConfig(baseline="main"))
    with pytest.raises(ValidationError, match="is the name of"):
        config(graders=(grader, GraderConfig(name="FINE", check="includes")))
    with pytest.raises(ValidationError, match="a judge answers"):
        config(graders=(GraderConfig(name="r", rubric="Fine?"),))


def test_importing_the_config_opens_no_heavy_door() -> None:
    heavy = {"anthropic", "scipy", "pandas", "sqlalchemy", "jinja2", "pyarrow", "numpy"}
    code = f"import sys, evalkit.config; print(sorted({heavy!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


RULES = """
[gate]
baseline = "label:main"
margin = 0.03
confidence = 0.9
looks = "repeated"
max_cost_usd = 5
require_agreement = 0.7
max_calibration_age_days = 90
[[gate.rules]]
grader = "fine"
criterion = "fine"
tier = "supporting"
margin = 0.1
max_relative_drop = 0.05
min = 0.8
max = 0.99
direction = "lower"
min_coverage = 0.9
require_agreement = 0.5
"""


def test_a_gate_with_rules_is_read_whole(folder: Path) -> None:
    gate = load_config(written(folder, SMALL + RULES)).gate

    assert gate is not None
    assert (gate.baseline, gate.confidence, gate.looks, gate.family) == ("label:main", 0.9, "repeated", "holm")
    assert (gate.max_cost_usd, gate.require_agreement, gate.max_calibration_age_days) == (5, 0.7, 90)
    (rule,) = gate.rules
    assert (rule.grader, rule.criterion, rule.tier, rule.direction) == ("fine", "fine", "supporting", "lower")
    assert (rule.margin, rule.max_relative_drop, rule.min, rule.max) == (0.1, 0.05, 0.8, 0.99)
    assert (rule.min_coverage, rule.require_agreement, rule.sets_no_limit) == (0.9, 0.5, False)


def test_a_rule_has_its_defaults(folder: Path) -> None:
    gate = load_config(written(folder, SMALL + '[gate]\nbaseline = "recorded"\n[[gate.rules]]\ngrader = "fine"\n')).gate

    assert gate is not None
    (rule,) = gate.rules
    assert (rule.tier, rule.direction, rule.sets_no_limit) == ("critical", "higher", True)


@pytest.mark.parametrize("baseline", ["recorded", "label:main", "label:feature/x 1", "abcdefgh2345"])
def test_a_baseline_is_a_candidate_a_label_or_a_run(folder: Path, baseline: str) -> None:
    assert load_config(written(folder, f'{SMALL}[gate]\nbaseline = "{baseline}"\n')).baseline == baseline
