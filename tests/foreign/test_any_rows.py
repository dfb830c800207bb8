"""Whatever stands in the rows of another tool: a sound project, or a refusal in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.config import load_config
from evalkit.dataset import load_dataset, load_outputs
from evalkit.errors import InputError, UsageError
from evalkit.foreign import TOOLS, import_files
from evalkit.graders import build_graders

TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["{{q}}", "{% raw %}", "'''", '"""', "]]", "a,b", "{{item.a}}", "\x7f\x00", " ", "[1]", "{", "=1+1"]
    ),
)
VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(TEXT, st.sampled_from(["role", "content", "question", "id"])), inner, max_size=3),
    ),
    max_leaves=5,
)
KEYS = (
    "input", "inputs", "target", "ideal", "expected", "expected_output", "expectedOutput", "actual_output", "output",
    "outputs", "choices", "id", "metadata", "tags", "vars", "assert", "description", "expectations", "item", "sample",
    "retrieval_context", "status", "_xact_id", "experiment_id", "threshold", "options",
)  # fmt: skip
ROW = st.dictionaries(st.sampled_from(KEYS), VALUE, max_size=7)
ASSERT = st.fixed_dictionaries(
    {"type": st.sampled_from(["equals", "not-contains", "regex", "is-json", "llm-rubric", "factuality", "python", "bleu",  # noqa: E501
                              "contains-any", "assert-set", "word-count", "is-sql", "context-faithfulness"])},
    optional={"value": VALUE, "threshold": VALUE, "weight": VALUE, "metric": VALUE, "assert": VALUE},
)  # fmt: skip
TEST = st.fixed_dictionaries(
    {"vars": st.dictionaries(st.sampled_from(["q", "context", "a b"]), VALUE, max_size=2)},
    optional={"assert": st.lists(ASSERT, max_size=3), "description": VALUE, "metadata": VALUE, "threshold": VALUE},
)
CRITERION = st.fixed_dictionaries(
    {"type": st.sampled_from(["string_check", "text_similarity", "label_model", "score_model", "python"])},
    optional={
        "name": VALUE,
        "input": st.one_of(
            VALUE, st.just("{{sample.output_text}}"), st.just([{"role": "user", "content": "{{item.a}}"}])
        ),
        "reference": st.one_of(VALUE, st.just("{{item.a}}")),
        "operation": st.sampled_from(["eq", "ne", "like", "ilike"]),
        "evaluation_metric": st.sampled_from(["bleu", "rouge_1", "rouge_l", "fuzzy_match"]),
        "labels": VALUE,
        "passing_labels": VALUE,
        "range": VALUE,
        "pass_threshold": VALUE,
        "source": st.sampled_from(["def grade(sample, item):\n    return 1", "x = ("]),
    },
)
ITEM = st.fixed_dictionaries(
    {"item": st.dictionaries(st.sampled_from(["a", "b", "id"]), VALUE, min_size=1, max_size=3)},
    optional={"sample": st.fixed_dictionaries({"output_text": TEXT})},
)


def import_it(folder: Path, rows: Any, tool: str) -> None:
    """Import, and load whatever was written as `evalkit validate` does."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path, out = folder / "rows.json", folder / "out"
    path.write_text(json.dumps(rows), encoding="utf-8")
    try:
        import_files(path, tool=tool, out=out)
    except (InputError, UsageError) as refused:
        # What is not sound is not written; but to come that far is a fault of the import.
        assert "sound project" not in str(refused), str(refused)  # noqa: PT017
        return
    config = load_config(out)
    assert build_graders(config)
    ids = {case.id for case in load_dataset(config.dataset.path)}
    for candidate in config.candidates:
        if candidate.outputs_path is not None:
            assert set(load_outputs(candidate.outputs_path).texts) <= ids


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "x"


few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(rows=st.lists(ROW, min_size=1, max_size=3), tool=st.sampled_from([one for one in TOOLS if one != "huggingface"]))
def test_any_rows_become_a_sound_project_or_a_refusal(folder: Path, rows: Any, tool: str) -> None:
    import_it(folder, rows, tool)


@few
@given(tests=st.lists(TEST, min_size=1, max_size=3))
def test_any_tests_of_promptfoo_become_a_sound_project_or_a_refusal(folder: Path, tests: Any) -> None:
    config = {"prompts": ["{{q}}"], "providers": ["anthropic:messages:claude-haiku-4-5"], "tests": tests}

    import_it(folder, config, "promptfoo")


@few
@given(criteria=st.lists(CRITERION, max_size=3), items=st.lists(ITEM, min_size=1, max_size=3))
def test_any_hosted_eval_becomes_a_sound_project_or_a_refusal(folder: Path, criteria: Any, items: Any) -> None:
    import_it(folder, [{"object": "eval", "id": "e", "testing_criteria": criteria}, *items], "openai-evals")
