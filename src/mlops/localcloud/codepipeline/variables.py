"""Variables: references such as #{SourceData.VersionId} in the configuration of an action."""

import re
from collections.abc import Iterator

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_.]+)\}")

PIPELINE = "variables"
RESERVED = "codepipeline"


class Unresolved(Exception):
    """A reference to a variable that was not produced."""


def references(configuration: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Namespace and name of every variable that a configuration refers to."""
    for text in configuration.values():
        yield from ((match[1], match[2]) for match in _REFERENCE.finditer(text))


def resolve(configuration: dict[str, str], namespaces: dict[str, dict[str, str]]) -> dict[str, str]:
    """The configuration with every reference replaced. Raises Unresolved for one that has no value."""

    def value(match: re.Match) -> str:
        namespace, name = match.groups()
        try:
            return namespaces[namespace][name]
        except KeyError:
            known = ", ".join(sorted(namespaces.get(namespace, {}))) or "no variables"
            raise Unresolved(
                f"The variable {match.group()} could not be resolved: the namespace {namespace} has {known}"
            ) from None

    return {key: _REFERENCE.sub(value, text) for key, text in configuration.items()}
