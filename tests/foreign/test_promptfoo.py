"""Promptfoo's configs, tests and results.

The shapes are those of promptfoo 0.119: `examples/config-csv-metadata`, `examples/simple-csv`, `src/csv.ts`,
`src/types/index.ts`, and of the file that `promptfoo eval --output results.json` writes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.errors import DatasetError, UsageError

CONFIG = """
    # yaml-language-server: $schema=https://promptfoo.dev/config-schema.json
    description: Support bot
    prompts:
      - file://prompt.txt
      - 'Answer in one line: {{question}}'
    providers:
      - id: anthropic:messages:claude-haiku-4-5-20251001
        label: haiku
        config:
          max_tokens: 512
          temperature: 0.2
      - openai:gpt-4.1
    defaultTest:
      assert:
        - type: llm-rubric
          value: Does not describe itself as an AI
        - type: latency
          threshold: 2000
    tests:
      - description: Refund window
        vars:
          question: Can I return a mug after {{days}} days?
          days: [35, 40]
        assert:
          - type: icontains
            value: "no"
          - type: llm-rubric
            value: mentions the {{days}} days
      - vars:
          question: Shall I?
          days: no
        assert:
          - type: equals
            value: yes
          - type: not-contains
            value: five
"""


def test_a_config_becomes_a_project_with_its_tests_as_cases(save: Any, take: Any) -> None:
    save("prompt.txt", "You are support.\n{% if days %}Days: {{ days }}{% endif %}\nQ: {{ question | upper }}\n")

    made = take(save("promptfooconfig.yaml", CONFIG).parent)

    assert made.said.tool == "promptfoo"
    assert made.said.recognised
    assert made.config.name == "Support bot"
    assert [case["id"] for case in made.cases] == ["refund-window", "refund-window-2", "test-3"]
    assert made.cases[1]["input"] == {"question": "Can I return a mug after 40 days?", "days": 40}
    # YAML as JavaScript reads it: no is a text.
    assert made.cases[2]["input"]["days"] == "no"


def test_providers_of_anthropic_become_candidates_one_for_each_prompt_and_the_others_are_told(
    save: Any, take: Any
) -> None:
    save("prompt.txt", "{% if days %}Days: {{ days }}{% endif %}\nQ: {{ question | upper }}\n")

    made = take(save("promptfooconfig.yaml", CONFIG).parent)

    candidates = {one.name: one for one in made.config.candidates}
    assert list(candidates) == ["haiku-prompt", "haiku-prompt-2"]
    assert {one.model for one in candidates.values()} == {"claude-haiku-4-5-20251001"}
    assert {one.max_tokens for one in candidates.values()} == {512}
    asked = "{% if input.days %}Days: {{ input.days }}{% endif %}\nQ: {{ input.question | upper }}\n"
    assert candidates["haiku-prompt"].prompt_text == asked
    assert candidates["haiku-prompt-2"].prompt_text == "Answer in one line: {{input.question}}\n"
    assert "openai:gpt-4.1" in made.note("providers").why
    assert made.note("config: temperature").where == "promptfooconfig.yaml:7"


def test_what_stays_behind_is_told_with_its_line_and_why(save: Any, take: Any) -> None:
    save("prompt.txt", "{{ question }}")

    made = take(save("promptfooconfig.yaml", CONFIG).parent)

    note = made.note("assert: latency")
    assert (note.kind, note.where) == ("left out", "promptfooconfig.yaml:17")
    assert "`seconds`" in note.why
    assert "assert: latency" in (made.folder / "notes.md").read_text(encoding="utf-8")


def test_each_test_keeps_its_own_assertions(save: Any, take: Any) -> None:
    save("prompt.txt", "{{ question }}")

    made = take(save("promptfooconfig.yaml", CONFIG).parent)

    assert made.scores("assertions", {"refund-window": "NO.", "refund-window-2": "Yes", "test-3": "yes"}) == {
        "refund-window": 1.0,
        "refund-window-2": 0.0,
        "test-3": 1.0,
    }
    assert made.scores("assertions", {"test-3": "yes, five"}) == {"test-3": 0.0}
    system, asked = made.rendered("llm-rubric-2", "refund-window-2", "out")
    assert "mentions the 40 days" in asked
    assert "mentions the" not in system
    assert "Does not describe itself as an AI" in made.rendered("llm-rubric", "test-3", "out")[0]


def test_a_rubric_that_only_some_tests_have_gives_the_others_no_score(save: Any, take: Any) -> None:
    save("prompt.txt", "{{ question }}")

    made = take(save("promptfooconfig.yaml", CONFIG).parent)

    (grader,) = [one for one in made.config.graders if one.name == "llm-rubric-2"]
    assert grader.unsure == "no_criterion"
    assert "names no criterion" in made.rendered("llm-rubric-2", "test-3", "out")[1]
    assert "1 of 3 cases" in made.why["llm-rubric-2"]
    assert made.config.gate.min_coverage < 0.67


# ---- assertions -----------------------------------------------------------------------------------------------------


def config_of(*asserts: str) -> str:
    """A config of one test for each assertion, which is written in YAML's flow style."""
    rows = "".join(f"\n  - vars: {{q: '{n}'}}\n    assert: [{one}]" for n, one in enumerate(asserts))
    return f"prompts: ['{{{{q}}}}']\nproviders: [anthropic:messages:claude-haiku-4-5]\ntests:{rows}\n"


@pytest.mark.parametrize(
    ("assertion", "good", "bad"),
    [
        ("{type: equals, value: Paris}", "Paris", " Paris"),
        ("{type: equals, value: {a: [1]}}", '{"a": [1]}', '{"a": [2]}'),
        ("{type: not-equals, value: Paris}", "Rome", "Paris"),
        ("{type: contains, value: Par}", "Paris", "paris"),
        ("{type: not-icontains, value: PAR}", "Rome", "Paris"),
        ("{type: contains-any, value: [a, b]}", "xb", "xc"),
        ("{type: contains-all, value: 'a, b'}", "ab", "a"),
        ("{type: not-contains-all, value: [a, b]}", "a", "ba"),
        ("{type: icontains-all, value: [a, b]}", "AB", "A"),
        ("{type: starts-with, value: 'He.'}", "He. is", "Hex"),
        ("{type: not-starts-with, value: He}", "x He", "He"),
        ("{type: regex, value: '(?<year>\\d{4})'}", "in 1999", "in 99"),
        ("{type: not-regex, value: '\\d'}", "a\nb", "a\n1"),
        ("{type: is-json}", '{"a": 1}', "{a}"),
        ("{type: is-json, value: {type: object, required: [a]}}", '{"a": 1}', '{"b": 1}'),
        ("{type: contains-json}", 'so: {"a": 1}.', "so: {a}."),
        ("{type: is-xml}", "<a/>", "<a>"),
        ("{type: levenshtein, value: kitten, threshold: 3}", "sitting", "sit"),
        ("{type: rouge-n, value: a b c d}", "a b c x", "a b x y"),
        ("{type: word-count, value: {min: 2, max: 3}}", "a b", "a"),
        ("{type: python, value: 'len(output) < 3'}", "ab", "abc"),
        ("{type: python, value: \"output == context['vars']['q']\"}", "0", "1"),
        (
            "{type: assert-set, threshold: 0.5, assert: [{type: contains, value: a}, {type: contains, value: b}]}",
            "a",
            "c",
        ),
    ],
)
@pytest.mark.parametrize("alone", [True, False], ids=["shared", "own"])
def test_an_assertion_keeps_its_meaning(  # noqa: PLR0917 # fixtures and parameters
    save: Any, take: Any, assertion: str, good: str, bad: str, alone: bool
) -> None:
    others = () if alone or "python" in assertion else ("{type: contains, value: z}",)

    made = take(save("promptfooconfig.yaml", config_of(assertion, *others)))

    (grader,) = [one.name for one in made.config.graders]
    assert made.scores(grader, {"test-1": good}) == {"test-1": 1.0}
    assert made.scores(grader, {"test-1": bad}) == {"test-1": 0.0}


def test_assertions_of_one_kind_become_a_check_of_the_expected_value(save: Any, take: Any) -> None:
    made = take(save("c.yaml", config_of("{type: equals, value: one}", "{type: equals, value: two}")))

    (grader,) = made.config.graders
    assert (grader.check, grader.strip) == ("exact", False)
    assert [case["expected"] for case in made.cases] == ["one", "two"]


def test_weights_and_the_threshold_of_a_test_count(save: Any, take: Any) -> None:
    text = """
        prompts: ['{{q}}']
        providers: [anthropic:messages:claude-haiku-4-5]
        tests:
          - vars: {q: a}
            threshold: 0.6
            assert:
              - {type: contains, value: x, weight: 3}
              - {type: contains, value: y}
    """

    made = take(save("promptfooconfig.yaml", text))

    assert made.scores("assertions", {"test-1": "x"}) == {"test-1": 1.0}
    assert made.scores("assertions", {"test-1": "y"}) == {"test-1": 0.0}


def test_a_metric_gives_its_name_to_a_grader(save: Any, take: Any) -> None:
    one = "{type: contains, value: a, metric: Tone}"

    made = take(save("c.yaml", config_of(f"{one}, {{type: contains, value: b}}", one.replace("a,", "c,"))))

    assert [grader.name for grader in made.config.graders] == ["assertions", "Tone"]
    assert made.scores("Tone", {"test-1": "a", "test-2": "a"}) == {"test-1": 1.0, "test-2": 0.0}


def test_factuality_and_relevance_become_ready_made_rubrics(save: Any, take: Any) -> None:
    both = "{{type: factuality, value: {0}}}, {{type: answer-relevance, threshold: 0.8}}"

    made = take(save("c.yaml", config_of(both.format("A"), both.format("B"))))

    assert {one.name: one.rubric for one in made.config.graders} == {
        "factuality": "evalkit:correctness",
        "answer-relevance": "evalkit:relevance",
    }
    assert [case["expected"] for case in made.cases] == ["A", "B"]
    assert "assert: answer-relevance: threshold" in made.why


def test_a_faithful_output_is_held_against_the_context(save: Any, take: Any) -> None:
    text = """
        prompts: ['{{context}} {{query}}']
        providers: [anthropic:messages:claude-haiku-4-5]
        tests:
          - vars: {query: When?, context: In May.}
            assert: [{type: context-faithfulness, threshold: 0.9}, {type: context-recall, value: May}]
    """

    made = take(save("promptfooconfig.yaml", text))

    (grader,) = made.config.graders
    assert grader.rubric == "evalkit:groundedness"
    assert "In May." in made.rendered("context-faithfulness", "test-1", "out")[1]
    assert made.config.candidates[0].prompt_text == "{{metadata.context}} {{input}}\n"
    assert "context" in made.why["assert: context-recall"]


@pytest.mark.parametrize(
    "kind", ["similar", "javascript", "cost", "moderation", "select-best", "perplexity", "webhook", "no-such-thing"]
)
def test_an_assertion_without_an_equal_is_left_out_with_its_place(save: Any, take: Any, kind: str) -> None:
    made = take(save("c.yaml", config_of("{type: contains, value: a}, {type: " + kind + ", value: b}")))

    assert made.note(f"assert: {kind}").where == "c.yaml:5"


def test_a_python_file_of_the_user_is_called_with_the_variables(save: Any, take: Any) -> None:
    save(
        "grade.py",
        """
        def get_assert(output, context):
            return {"pass": context["vars"]["q"] in output, "score": 0.75, "reason": "seen"}
        """,
    )

    made = take(save("promptfooconfig.yaml", config_of("{type: python, value: 'file://grade.py'}")))

    assert made.scores("python", {"test-1": "0!"}) == {"test-1": 0.75}
    assert made.scores("python", {"test-1": "1!"}) == {"test-1": 0.0}


# ---- tests in files -------------------------------------------------------------------------------------------------


def test_a_csv_of_tests_keeps_expected_metadata_and_thresholds(save: Any, take: Any) -> None:
    path = save(
        "tests.csv",
        """
        topic,__expected1,__expected2,__metadata:kind,__metadata:tags[],__config:__expected2:threshold,__prefix
        machine learning,contains: algorithm,llm-rubric:Is {{topic}} explained?,tech,"ai,data\\, too",0.8,Hi
        quantum physics,Photon,"contains-any: a, quantum",science,physics,0.75,
        """,
    )

    made = take(path)

    first, second = made.cases
    assert first["input"] == "machine learning"
    assert first["metadata"]["kind"] == "tech"
    assert first["metadata"]["tags"] == ["ai", "data, too"]
    assert first["metadata"]["criterion_llm_rubric"] == "Is machine learning explained?"
    assert second["metadata"]["assert"][0] == {"type": "equals", "value": "Photon"}
    assert made.note("__prefix").where == "tests.csv:2"


def test_tests_come_from_files_with_globs_references_and_scenarios(save: Any, take: Any) -> None:
    save("sets/a.yaml", "- vars: {q: one}\n  assert: [{type: contains, value: 'file://long.txt'}]\n")
    save("sets/b.jsonl", '{"vars": {"q": "two"}, "assert": [{"type": "contains", "value": "B"}]}\n')
    save("long.txt", "long text")
    text = """
        prompts: [p.json]
        providers: [anthropic:messages:claude-haiku-4-5]
        assertionTemplates:
          short: {type: regex, value: '^.{1,9}$'}
        tests:
          - file://sets/*.*
          - vars: file://vars.yaml
            assert: [{$ref: '#/assertionTemplates/short'}]
        scenarios:
          - config: [{vars: {q: three}}, {vars: {q: four}}]
            tests: [{assert: [{type: contains, value: '{{q}}'}]}]
    """
    save("vars.yaml", "q: five\n")
    save("p.json", '[{"role": "system", "content": "Be short."}, {"role": "user", "content": "{{q}}"}]')

    made = take(save("promptfooconfig.yaml", text))

    assert [case["input"] for case in made.cases] == ["one", "two", "five", "three", "four"]
    found = [case["metadata"]["assert"][0]["value"].strip() for case in made.cases]
    assert found == ["long text", "B", "^.{1,9}$", "three", "four"]
    asked = "{% block system %}\nBe short.\n{% endblock %}\n{% block case %}\n{{input}}\n{% endblock %}\n"
    assert made.config.candidates[0].prompt_text == asked


# ---- results --------------------------------------------------------------------------------------------------------


def result(test: int, provider: str, output: str | None, prompt: int = 0) -> dict[str, Any]:
    """A row of a results file."""
    question = f"Question {test}?"
    asserts = [{"type": "contains", "value": f"{test}"}, {"type": "llm-rubric", "value": "is short"}]
    return {
        "cost": 0.0012,
        "gradingResult": {"pass": True, "score": 1, "reason": "ok", "componentResults": []},
        "latencyMs": 812,
        "promptIdx": prompt,
        "prompt": {"raw": f"Q: {question}", "label": "Q: {{question}}"},
        "provider": {"id": provider, "label": ""},
        "response": {"error": "429"} if output is None else {"output": output, "tokenUsage": {"total": 30}},
        "success": output is not None,
        "testCase": {"vars": {"question": question}, "assert": asserts, "options": {}, "metadata": {}},
        "testIdx": test,
        "vars": {"question": question},
    }


def results(*rows: dict[str, Any]) -> str:
    inner = {"version": 3, "timestamp": "2025-06-01T10:00:00Z", "prompts": [], "results": list(rows), "stats": {}}
    return json.dumps({"evalId": "eval-a", "results": inner, "config": {"description": "Facts"}, "shareableUrl": None})


def test_results_become_recorded_outputs_of_each_provider(save: Any, take: Any) -> None:
    rows = [result(n, provider, f"{n}!") for provider in ("openai:gpt-4.1", "haiku") for n in (0, 1)]
    rows[1] = result(1, "openai:gpt-4.1", None)

    made = take(save("results.json", results(*rows)))

    assert [one.name for one in made.config.candidates] == ["openai:gpt-4.1", "haiku"]
    assert made.rows("outputs-openai-gpt-4-1.jsonl") == [
        {"id": "test-1", "output": "0!", "cost_usd": 0.0012, "seconds": 0.812}
    ]
    assert [row["output"] for row in made.rows("outputs-haiku.jsonl")] == ["0!", "1!"]
    assert "429" in made.why["test 1"]
    assert "gradingResult" in made.why


def test_several_prompts_of_a_provider_are_several_candidates(save: Any, take: Any) -> None:
    made = take(save("r.json", results(result(0, "haiku", "a"), result(0, "haiku", "b", prompt=1))))

    assert [one.name for one in made.config.candidates] == ["haiku prompt 1", "haiku prompt 2"]


@pytest.mark.sweep
def test_imported_results_run_in_the_sandbox(
    save: Any, take: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit import api

    monkeypatch.setenv("ANTHROPIC_API_KEY", "any")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    made = take(save("results.json", results(*(result(n, "haiku", f"{n}!") for n in range(3)))))

    api.submit(made.folder)
    api.collect(made.folder, wait=True, poll=0.02)

    assert {(row.grader, row.scored) for row in api.runs(made.folder)} == {("contains", 3), ("llm-rubric", 3)}


# ---- hostile and broken ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["file://../secret.txt", "file:///etc/passwd", "file://link.txt"])
def test_a_file_elsewhere_is_refused_and_told(save: Any, take: Any, name: str) -> None:
    secret = save("../secret.txt", "SECRET")
    config = save(
        "promptfooconfig.yaml", config_of("{type: contains, value: a}").replace("'{{q}}'", f"'{name}', '{{{{q}}}}'")
    )
    (config.parent / "link.txt").symlink_to(secret)

    made = take(config)

    assert "not below the folder" in made.why["prompts"]
    assert not any("SECRET" in path.read_text(encoding="utf-8") for path in made.folder.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: &a [x, x]\nb: &b [*a, *a]\n"
            + "".join(
                f"c{n}: &c{n} [*{'b' if n == 0 else f'c{n - 1}'}, *{'b' if n == 0 else f'c{n - 1}'}]\n"
                for n in range(30)
            ),
            "unfolds",
        ),
        ("a: &a [*a]\n", "refers to itself"),
        ("a: !!python/object/apply:os.system ['true']\n", "tag"),
        ("tests: [}\n", "c.yaml:1: is not valid YAML"),
        ("tests: []\ntests: []\n", "c.yaml:2: the key 'tests' stands twice"),
        ("prompts: [a]\nproviders: [b]\ntests: []\n", "no tests"),
    ],
    ids=["bomb", "cycle", "tag", "broken", "twice", "empty"],
)
def test_a_hostile_or_broken_config_is_refused(save: Any, take: Any, text: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        take(save("c.yaml", text), tool="promptfoo")


def test_text_of_others_stays_data_in_rubrics_and_config(save: Any, take: Any) -> None:
    made = take(
        save(
            "tests.csv",
            'q,__expected\n"{% raw %}{{ 1 + 1 }}\n[[graders]]","llm-rubric: {{q}} """""" \\u007f"\n',
        )
    )

    assert "{% raw %}{{ 1 + 1 }}\n[[graders]]" in made.rendered("llm-rubric", "test-1", "out")[0]
    assert len(made.config.graders) == 1


def test_a_project_that_is_there_is_not_overwritten(save: Any, take: Any) -> None:
    from evalkit.foreign import import_files

    path = save("c.yaml", config_of("{type: contains, value: a}"))
    made = take(path)
    (made.folder / "mine.txt").write_text("mine")

    with pytest.raises(UsageError, match="--force"):
        import_files(path, out=made.folder)
    import_files(path, out=made.folder, force=True)

    assert (made.folder / "mine.txt").read_text() == "mine"
    assert not list(made.folder.parent.glob(".import-*"))
