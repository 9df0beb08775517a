"""The kind `tag_rule`: which tags resources get by their names, their relations or a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from finopsmetrics.core.parts import Lines
from finopsmetrics.core.shapes import ConditionText, Line, Regex, Share, Tags, Word
from finopsmetrics.core.spec import Part, Spec

AUTO = "auto_detect"
"""The value of a tag that is inferred: `infer_from` says from what."""


class Inference(Part):
    """One tag whose value is read off something else."""

    tag: Line = Field(description="The tag that is set.")
    infer_from: Line = Field(description="Where its value comes from: vpc_tag, security_group_name, bucket_name, a tag's key.")
    pattern: Regex | None = Field(default=None, description="What of it is taken: the first match.")
    values: Tags = Field(default={}, description="What stands for what: a value found, and the tag's value for it.")


class Prediction(Part):
    """Tags that a model predicts."""

    model: Word = Field(description="The model that predicts.")
    confidence_threshold: Share = Field(description="From which confidence on a prediction is used: 0.8 or 80%.")
    tags: Lines = Field(min_length=1, description="The tags that are predicted.")


class TagRuleItem(Part):
    """One rule: what it is for, and the tags of what matches."""

    condition: ConditionText | None = Field(default=None, description="Which resources it is for, as a condition.")
    pattern: Regex | None = Field(default=None, description="Which resources it is for, by their names.")
    resource_type: Line | None = Field(default=None, description="Which resources it is for, by their type.")
    tags: Tags = Field(default={}, description="The tags that they get.")
    inference_rules: list[Inference] = Field(default=[], description="Tags whose values are read off something else.")
    ml_prediction: Prediction | None = Field(default=None, description="Tags that a model predicts.")

    @model_validator(mode="before")
    @classmethod
    def _inferred(cls, body: Any) -> Any:
        """Read `infer_from` beside tags of the value `auto_detect` as inference rules."""
        tags = body.get("tags") if isinstance(body, Mapping) else None
        if not isinstance(tags, Mapping) or "infer_from" not in body or "inference_rules" in body:
            return body
        found = [{"tag": tag, "infer_from": body["infer_from"]} for tag, value in tags.items() if value == AUTO]
        if not found:
            raise ValueError(f"`infer_from` needs a tag whose value is {AUTO}")
        rest = {key: value for key, value in body.items() if key not in {"infer_from", "tags"}}
        return rest | {"tags": {tag: value for tag, value in tags.items() if value != AUTO}, "inference_rules": found}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The fields, and the short form with `infer_from`."""
        told = handler.resolve_ref_schema(handler(schema))
        short = {"type": "string", "description": f"Where the tags of the value {AUTO} come from."}
        return told | {"properties": told["properties"] | {"infer_from": short}}

    @model_validator(mode="after")
    def _useful(self) -> Self:
        if self.condition is None and self.pattern is None and self.resource_type is None:
            raise ValueError("a rule says what it is for: give a condition, a pattern or a resource_type")
        if not self.tags and not self.inference_rules and self.ml_prediction is None:
            raise ValueError("a rule says what it does: give tags, inference_rules or ml_prediction")
        if AUTO in self.tags.values():
            raise ValueError(f"a tag of the value {AUTO} needs `infer_from`: what it is read off")
        return self


class TagRule(Spec, kind="tag_rule"):
    """Which tags resources get by their names, their relations or a model. Rules are tried in their order."""

    example = {
        "name": "Automatic team tagging",
        "description": "Tag resources by team based on creator",
        "rules": [
            {"condition": "resource.creator_email CONTAINS '@ml-team.'", "tags": {"team": "ml", "cost_center": "r&d"}},
            {"resource_type": "s3_bucket", "inference_rules": [{"tag": "team", "infer_from": "bucket_name"}]},
        ],
    }

    enabled: bool = Field(default=True, description="Whether it is applied.")
    priority: int = Field(default=100, ge=0, le=10_000, description="Its place among tag rules: the lowest is tried first.")
    overwrite: bool = Field(default=False, description="Whether it replaces tags that a resource has already.")
    rules: list[TagRuleItem] = Field(
        min_length=1, max_length=1_000, description="The rules, in the order in which they are tried."
    )
