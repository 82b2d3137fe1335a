"""The JSON schemas of resource types and policies that cfn-lint ships."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

_SCALARS = {
    "boolean": re.compile("true|false"),
    "integer": re.compile(r"-?\d+"),
    "number": re.compile(r"-?\d+(\.\d+)?"),
    "string": re.compile(".*"),
}


def violations_of_type(kind: str, properties: dict, region: str) -> list[str]:
    """What the properties of a resource violate in the schema of its type, in CloudFormation's words.

    Empty for a type that has no schema. Values are resolved; CloudFormation accepts "1" and "true" for numbers and booleans.
    """
    from cfnlint.schema._exceptions import ResourceNotFoundError
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind)
    except ResourceNotFoundError:
        return []
    validator = _validator().evolve(schema=schema.schema, resolver=schema.resolver)
    return [_words(error) for error in validator.iter_errors(properties)]


def load() -> None:
    """Import cfn-lint, which takes about a second."""
    import cfnlint.jsonschema
    import cfnlint.schema.manager  # noqa: F401


def violations_of_policy(document: Any, kind: str) -> list[str]:
    """What a policy violates of the grammar of its kind: identity, resource, resource_ecr or trust."""
    from cfnlint.helpers import load_resource
    from cfnlint.schema.resolver import RefResolver

    package = "cfnlint.data.schemas.other.iam"
    schema = load_resource(package, f"policy_{kind}.json")
    store = {"policy": load_resource(package, "policy.json"), kind: schema}
    validator = _validator().evolve(schema=schema, resolver=RefResolver.from_schema(schema, store=store))
    return [_words(error) for error in validator.iter_errors(document)]


@cache
def _validator() -> Any:
    from cfnlint.jsonschema import StandardValidator

    return StandardValidator({}).extend(validators={"type": _type})({})


def _type(validator: Any, types: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from cfnlint.jsonschema import _keywords

    kinds = types if isinstance(types, list) else [types]
    if not any(_reads_as(instance, each) for each in kinds):
        yield from _keywords.type(validator, types, instance, schema)


def _reads_as(instance: Any, kind: str) -> bool:
    """Whether CloudFormation accepts a scalar of a template as this type."""
    if not isinstance(instance, str | int | float):
        return False
    return kind in _SCALARS and _SCALARS[kind].fullmatch(str(instance).lower()) is not None


def _words(error: Any) -> str:
    path = "/".join(["#", *(str(each) for each in error.path)])
    match error.validator:
        case "additionalProperties":
            parent, _, name = path.rpartition("/")
            return f"{parent}: extraneous key [{name}] is not permitted"
        case "enum":
            return f"{path}: {error.instance} is not a valid enum value"
    return f"{path}: {error.message}"
