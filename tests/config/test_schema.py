"""The JSON Schema says what an editor can know."""

import json

from evalkit.config import (
    CandidateConfig,
    Config,
    DatasetConfig,
    GateConfig,
    GateRuleConfig,
    GraderConfig,
    JudgeConfig,
    SentinelsConfig,
    SubmitConfig,
    json_schema,
)
from evalkit.config.filter import FilterConfig
from evalkit.config.jury import JuryConfig
from evalkit.config.prices import ModelPricesConfig, PricesConfig
from evalkit.config.rubric import CriterionConfig
from evalkit.config.usage_log import UsageLogConfig

TABLES = {
    "DatasetConfig": DatasetConfig,
    "JudgeConfig": JudgeConfig,
    "JuryConfig": JuryConfig,
    "GraderConfig": GraderConfig,
    "CriterionConfig": CriterionConfig,
    "CandidateConfig": CandidateConfig,
    "GateConfig": GateConfig,
    "GateRuleConfig": GateRuleConfig,
    "SentinelsConfig": SentinelsConfig,
    "SubmitConfig": SubmitConfig,
    "FilterConfig": FilterConfig,
    "PricesConfig": PricesConfig,
    "ModelPricesConfig": ModelPricesConfig,
    "UsageLogConfig": UsageLogConfig,
}


def test_the_schema_is_json_and_refuses_unknown_keys_everywhere() -> None:
    schema = json.loads(json.dumps(json_schema()))

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "evalkit.toml"
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(Config.model_fields)
    assert set(schema["$defs"]) == set(TABLES)
    for name, table in TABLES.items():
        assert schema["$defs"][name]["additionalProperties"] is False
        keys = {field.alias or key for key, field in table.model_fields.items()}
        assert set(schema["$defs"][name]["properties"]) == keys


def test_every_key_of_a_table_is_described() -> None:
    keys = [key for table in json_schema()["$defs"].values() for key in table["properties"].values()]

    assert [key for key in keys if not key.get("description")] == []


def test_the_schema_knows_no_null_because_toml_has_none() -> None:
    assert "null" not in json.dumps(json_schema())


def test_the_schema_says_what_is_required_and_what_excludes_each_other() -> None:
    schema = json_schema()

    assert schema["required"] == ["name", "dataset", "graders", "candidates"]
    assert schema["properties"]["graders"]["minItems"] == 1
    tables = schema["$defs"]
    assert tables["GraderConfig"]["oneOf"] == [{"required": ["rubric"]}, {"required": ["check"]}]
    assert tables["CandidateConfig"]["oneOf"] == [{"required": ["outputs"]}, {"required": ["model", "prompt"]}]
    assert tables["GraderConfig"]["properties"]["labels"]["additionalProperties"] == {
        "maximum": 1,
        "minimum": 0,
        "type": "number",
    }
    assert tables["JudgeConfig"]["required"] == ["model"]
    assert tables["GateConfig"]["required"] == ["baseline"]
    assert tables["GateRuleConfig"]["required"] == ["grader"]
    rule = tables["GateRuleConfig"]["properties"]
    assert rule["tier"]["enum"] == ["critical", "supporting", "advisory"]
    assert (rule["margin"]["exclusiveMinimum"], rule["margin"]["maximum"]) == (0, 1)
    assert tables["GateConfig"]["properties"]["rules"]["items"] == {"$ref": "#/$defs/GateRuleConfig"}
