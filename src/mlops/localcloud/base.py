"""ministack's application, services and resource types. Only this module and base_*.py use ministack's internals.

ministack publishes no extension interface: services, resource types and integrations are entries in private
dictionaries, and its functions are replaced in their modules.
"""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from mlops.localcloud.settings import Settings

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict, bytes, dict], Awaitable[Response]]

added_resource_types: set[str] = set()


def configure(settings: Settings) -> None:
    """Set what ministack reads from the environment. Must run before the first import of ministack.

    What the caller's shell says of AWS is about another place, and goes.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        {
            "AWS_ENDPOINT_URL": settings.endpoint_url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "TMPDIR": str(settings.temporary),
            "GATEWAY_PORT": str(settings.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": settings.account,
            "MINISTACK_REGION": settings.region,
            "LAMBDA_EXECUTOR": "local",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            # Every request is checked: its signature, its principal's policies.
            "AUTH": "true",
        }
    )


def application() -> Callable[..., Awaitable[None]]:
    """ministack's ASGI application, with all of its services."""
    from ministack.app import app

    return app


def request_context(headers: Mapping[str, str]) -> None:
    """Set account and region of a request that does not pass through ministack's own dispatch."""
    from ministack.core.iam_evaluator import find_iam_access_key_account
    from ministack.core.responses import set_request_account_id, set_request_region
    from ministack.core.router import extract_access_key_id, extract_region

    key = extract_access_key_id(dict(headers))
    set_request_account_id(find_iam_access_key_account(key) or key)
    set_request_region(extract_region(dict(headers)))


def account() -> str:
    """Account id of the current request or background work."""
    from ministack.core.responses import get_account_id

    return get_account_id()


def region() -> str:
    """Region of the current request or background work."""
    from ministack.core.responses import get_region

    return get_region()


def set_scope(account_id: str, region_name: str) -> None:
    """Make the current work that of an account and a region."""
    from ministack.core.responses import set_request_account_id, set_request_region

    set_request_account_id(account_id)
    set_request_region(region_name)


def add_service(name: str, target_prefix: str | None, handler: Handler) -> None:
    """Route requests signed for `name`, or with X-Amz-Target `target_prefix`.…, to `handler`.

    ministack checks their signatures; what they may do is the handler's to check, which knows the request.
    """
    from ministack import app
    from ministack.core import iam_actions, router

    app.SERVICE_HANDLERS[name] = handler
    patterns: dict[str, list[str]] = {"host_patterns": [rf"^{name}\."]}
    if target_prefix:
        patterns["target_prefixes"] = [f"{target_prefix}."]
    router.SERVICE_PATTERNS[name] = patterns
    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(name, None)


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


def know_pseudo_parameters_in_conditions() -> None:
    """Have conditions of templates compare what AWS::Partition and its like stand for."""
    from ministack.services.cloudformation import changesets, engine, handlers, stacks

    evaluate = engine._evaluate_conditions

    def evaluated(template: dict, parameters: dict) -> dict:
        known = {"Partition": "aws", "Region": region(), "AccountId": account(), "URLSuffix": "amazonaws.com"}
        return evaluate(template, {**{f"AWS::{name}": {"Value": value} for name, value in known.items()}, **parameters})

    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = evaluated


def heed_conditions_of_imports() -> None:
    """Have an export be in use only where the conditions of the importing stack leave the import."""
    from ministack.services.cloudformation import handlers

    names = handlers._imported_export_names

    def imported(stack: dict, name: str) -> set[str]:
        template = _without_conditions(stack.get("_template", {}), stack.get("_conditions", {}))
        return names({**stack, "_template": template}, name)

    handlers._imported_export_names = imported


def heed_conditions_in_change_sets() -> None:
    """Have a change set compare what the conditions leave of two templates, their outputs too.

    ministack compares the resources alone, as if none had a condition, and takes all their attributes for equal.
    """
    from ministack.services.cloudformation import changesets

    resolve, compare = changesets._resolve_props_for_diff, changesets._diff_resources

    def resolved(template: dict, parameters: dict, *stack: str) -> dict:
        conditions = changesets._evaluate_conditions(template, parameters)
        left = _by_name(_left(template, conditions))
        outputs = {name: {"Properties": output} for name, output in left["Outputs"].items()}
        return {
            **resolve(left, parameters, *stack),
            "Outputs": resolve({**left, "Resources": outputs}, parameters, *stack),
            "Conditions": conditions,
        }

    def compared(old: dict, new: dict, made: dict | None, template: dict, *others: Any) -> list:
        changes = compare(old, new, made, _left(template, new["Conditions"]), *others)
        return changes or (changes if old["Outputs"] == new["Outputs"] else _Unlisted())

    changesets._resolve_props_for_diff = resolved
    changesets._diff_resources = compared


class _Unlisted(list):
    """The changes of a change set that changes outputs alone: none is listed, yet it can be executed."""

    def __bool__(self) -> bool:
        return True


def _left(template: dict, conditions: dict[str, bool]) -> dict:
    """A template without the resources and outputs that conditions leave out, with one side of each Fn::If."""
    sections = {
        section: {
            name: _without_conditions(each, conditions)
            for name, each in template.get(section, {}).items()
            if conditions.get(each.get("Condition"), True)
        }
        for section in ("Resources", "Outputs")
    }
    return {**template, **sections}


def _by_name(node: Any) -> Any:
    """A template in which each attribute of a resource is its name, which also tells it from others."""
    if isinstance(node, list):
        return [_by_name(each) for each in node]
    if not isinstance(node, dict):
        return node
    if list(node) == ["Fn::GetAtt"]:
        name = node["Fn::GetAtt"]
        return name if isinstance(name, str) else {"Fn::Join": [".", name]}
    return {key: _by_name(value) for key, value in node.items()}


def _without_conditions(node: Any, conditions: dict[str, bool]) -> Any:
    """A template with one side of each Fn::If, and nothing of what its condition leaves out."""
    if isinstance(node, list):
        return [_without_conditions(each, conditions) for each in node]
    if not isinstance(node, dict):
        return node
    if list(node) == ["Fn::If"]:
        condition, first, second = node["Fn::If"]
        return _without_conditions(first if conditions.get(condition) else second, conditions)
    if isinstance(node.get("Condition"), str) and not conditions.get(node["Condition"], True):
        return {}
    return {key: _without_conditions(value, conditions) for key, value in node.items()}


def put_event(source: str, detail_type: str, detail: dict, resources: list[str]) -> None:
    """Publish an event of an AWS service on the default event bus, which PutEvents refuses for `aws.` sources."""
    from ministack.services import eventbridge

    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=isoformat),
        "Resources": resources,
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def form_parameters(body: bytes, query: Mapping[str, list[str]]) -> dict[str, str]:
    """The parameters of a request in AWS's query protocol, the first value of each. The body wins, as in ministack."""
    form = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in {**query, **form}.items()}


def isoformat(value: Any) -> str:
    """A time in JSON, for json.dumps."""
    return value.isoformat()
