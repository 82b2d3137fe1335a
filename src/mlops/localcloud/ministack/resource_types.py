"""Resource types that are added to ministack's CloudFormation, and the names that it generates for resources."""

from collections.abc import Callable

added_resource_types: set[str] = set()


def add_resource_type(
    name: str,
    create: Callable[[dict, str, str], tuple[str, dict]],
    update: Callable[[str, dict, dict], tuple[str, dict]],
    delete: Callable[[str, dict], None],
    replace_on: tuple[str, ...],
    tagged: bool,
) -> None:
    """Make CloudFormation know resource type `name`. Its handlers run on a thread of their own."""
    from ministack.services.cloudformation import provisioners, stacks

    added_resource_types.add(name)
    provisioners._RESOURCE_HANDLERS[name] = {
        "create": lambda logical_id, properties, stack_name: create(properties, logical_id, stack_name),
        "update": lambda physical_id, old, new, _stack_name: update(physical_id, old, new),
        "delete": delete,
    }
    provisioners._REPLACING_PROPERTIES[name] = replace_on
    if tagged:
        provisioners._STACK_TAG_PROPERTY[name] = ("Tags", "list")
    on_thread = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda resource_type: resource_type == name or on_thread(resource_type)


def physical_name(stack_name: str, logical_id: str, maximum: int, lowercase: bool = False) -> str:
    """CloudFormation's generated name {stack}-{logical id}-{suffix}, at most `maximum` characters."""
    from ministack.services.cloudformation.provisioners import _physical_name

    return _physical_name(stack_name, logical_id, max_len=maximum, lowercase=lowercase)
