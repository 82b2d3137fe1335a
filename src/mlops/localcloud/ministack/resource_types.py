"""Resource types that are added to ministack's CloudFormation, and the names that it generates for resources."""

from collections.abc import Callable

added_resource_types: set[str] = set()
_on_worker_thread: set[str] = set()


def add_resource_type(
    name: str,
    create: Callable[[dict, str, str], tuple[str, dict]],
    update: Callable[[str, dict, dict], tuple[str, dict]],
    delete: Callable[[str, dict], None],
    replace_on: tuple[str, ...],
    tagged: bool,
) -> None:
    """Add the resource type `name` to CloudFormation. Its handlers run on a separate thread."""
    from ministack.services.cloudformation import provisioners

    added_resource_types.add(name)
    provisioners._RESOURCE_HANDLERS[name] = {
        "create": lambda logical_id, properties, stack_name: create(properties, logical_id, stack_name),
        "update": lambda physical_id, old, new, _stack_name: update(physical_id, old, new),
        "delete": delete,
    }
    provisioners._REPLACING_PROPERTIES[name] = replace_on
    if tagged:
        provisioners._STACK_TAG_PROPERTY[name] = ("Tags", "list")
    run_on_worker_thread(name)


def run_on_worker_thread(name: str) -> None:
    """Let the handlers of a resource type block: CloudFormation calls them on a separate thread."""
    from ministack.services.cloudformation import stacks

    if not _on_worker_thread:
        runs = stacks._runs_on_worker_thread
        stacks._runs_on_worker_thread = lambda resource_type: resource_type in _on_worker_thread or runs(resource_type)
    _on_worker_thread.add(name)


def physical_name(stack_name: str, logical_id: str, maximum: int, lowercase: bool = False) -> str:
    """CloudFormation's generated name {stack}-{logical id}-{suffix}, at most `maximum` characters."""
    from ministack.services.cloudformation.provisioners import _physical_name

    return _physical_name(stack_name, logical_id, max_len=maximum, lowercase=lowercase)
