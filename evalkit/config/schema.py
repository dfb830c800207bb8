"""The JSON Schema of `evalkit.toml`, which editors complete and check by."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from evalkit.config.load import FILE_NAME
from evalkit.config.tables import Config


def config_schema() -> dict[str, Any]:
    """The JSON Schema of the file; what a schema cannot say, such as that a file is there, is left to the loader."""
    schema = Config.model_json_schema(schema_generator=_TomlSchema)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": FILE_NAME}


class _TomlSchema(GenerateJsonSchema):
    """JSON Schema of a language that has no null; a field's name is title enough."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        generated = super().default_schema(schema)
        return {key: value for key, value in generated.items() if key != "default" or value is not None}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  pydantic's signature
        return False
