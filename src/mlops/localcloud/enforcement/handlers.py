"""The permissions that CloudFormation's resource handlers need, as CloudFormation's registry declares them.

`cloudformation_handlers.json` holds the handlers of every type that the templates use; it names its source.
"""

import json
from functools import cache
from importlib.resources import files

# The registry declares no handlers for these. The local cloud calls their services under the stack's role.
WITHOUT_HANDLERS = frozenset({"AWS::CodeBuild::Project"})

# CloudFormation reads a resource after it has created or changed it.
_CALLED = {"create": ("create", "read"), "update": ("update", "read"), "delete": ("delete",)}


def permissions(kind: str, change: str) -> list[str]:
    """The actions that a change of a resource of this type needs: create, update or delete.

    A type that has no handler for a change is replaced, or has nothing to delete. Raises LookupError for a type that
    is not known.
    """
    if kind in WITHOUT_HANDLERS:
        return []
    handlers = types().get(kind)
    if handlers is None:
        raise LookupError(f"The local cloud does not know which permissions {kind} takes, and the stack has a role")
    return sorted({action for name in _CALLED[change] for action in handlers.get(name, [])})


@cache
def types() -> dict[str, dict[str, list[str]]]:
    """The permissions of the known types, by type and handler: create, read, update, delete."""
    return json.loads(files(__package__).joinpath("cloudformation_handlers.json").read_text("utf-8"))["types"]
