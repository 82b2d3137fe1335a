"""ministack's API Gateway: the account's settings, the compression of responses, and the tags of API keys."""

from collections.abc import Callable, Iterator
from typing import Any

from mlops.localcloud.ministack.scope import region, set_scope


def enable_logs(account_id: str, region_name: str) -> None:
    """Set the role with which API Gateway writes logs, as `make foundation` does in each region of an account."""
    from ministack.services import apigateway_v1

    set_scope(account_id, region_name)
    role = f"arn:aws:iam::{account_id}:role/api-gateway-logs"
    apigateway_v1._account_settings["settings"] = {"cloudwatchRoleArn": role}


def require_role_for_logs() -> None:
    """Make CloudFormation refuse a stage with logs when the account has no role for API Gateway's logs."""
    from ministack.services import apigateway_v1
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::Stage"]
    create, update = handlers["create"], handlers["update"]

    def check(properties: dict) -> None:
        settings = apigateway_v1._account_settings.get("settings") or {}
        if _logs(properties) and not settings.get("cloudwatchRoleArn"):
            raise ValueError("CloudWatch Logs role ARN must be set in account settings to enable logging")

    def create_checked(logical_id: str, properties: dict, stack: str) -> Any:
        check(properties)
        return create(logical_id, properties, stack)

    def update_checked(physical_id: str, old: dict, new: dict, stack: str) -> Any:
        check(new)
        return update(physical_id, old, new, stack)

    handlers.update(create=create_checked, update=update_checked)


def end_compression_by_an_empty_size() -> None:
    """Make UpdateRestApi take an empty `minimumCompressionSize` as none, as `chalice deploy` sends it.

    The values of patch operations are text; ministack would return the empty text where clients read a number.
    """
    from ministack.services import apigateway_v1

    update = apigateway_v1._update_rest_api

    def updated(api_id: str, data: dict[str, Any]) -> Any:
        for patch in data.get("patchOperations", []):
            if patch.get("path") == "/minimumCompressionSize" and patch.get("value") == "":
                patch["value"] = None
        return update(api_id, data)

    apigateway_v1._update_rest_api = updated


def add_api_key_tags() -> None:
    """Add the tags of API keys to the condition keys, for permissions boundaries as well as for a role's own policies."""
    from ministack.core import iam_evaluator
    from ministack.services import apigateway_v1, tagging

    def tags() -> Iterator[tuple[str, list[dict[str, str]]]]:
        for key, api_key in apigateway_v1._api_keys.items():
            pairs = [{"Key": name, "Value": value} for name, value in (api_key.get("tags") or {}).items()]
            yield f"arn:aws:apigateway:{region()}::/apikeys/{key}", pairs

    collectors: dict[str, Callable[[], Iterator]] = tagging._RESOURCE_TAG_COLLECTORS
    collectors["apigateway"] = tags
    # ministack would collect tags only if a role's own policies name the condition key.
    iam_evaluator._names_condition_key = lambda policies, prefix: True


def _logs(stage: dict) -> bool:
    settings = stage.get("MethodSettings") or []
    return bool(stage.get("AccessLogSetting")) or any(each.get("LoggingLevel", "OFF") != "OFF" for each in settings)
