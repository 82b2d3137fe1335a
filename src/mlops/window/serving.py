"""What answers requests: endpoints with their variants, functions with the shares of their aliases' versions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mlops.aws import endpoints, paging
from mlops.aws.session import Session
from mlops.names import LIVE
from mlops.window.metrics import Metric, series
from mlops.window.times import Ended, iso

_SPAN = timedelta(minutes=30)


def endpoints_of(session: Session, ended: Ended) -> list[dict[str, Any]]:
    """Each endpoint, newest first, with the requests of its variants by the minute."""
    client = session.client("sagemaker")
    listed = paging.items(client, "list_endpoints", "Endpoints", SortBy="CreationTime", SortOrder="Descending")
    found = [_endpoint(client, ended, each["EndpointName"]) for each in listed]
    variants = [(endpoint, variant) for endpoint in found for variant in endpoint["variants"]]
    counted = series(
        session,
        [_invocations(endpoint["name"], variant["name"]) for endpoint, variant in variants],
        _SPAN,
    )
    for (_, variant), points in zip(variants, counted, strict=True):
        variant["requests"] = points
    return found


def functions(session: Session) -> list[dict[str, Any]]:
    """Each function with its alias of clients: versions and their shares of the requests."""
    client = session.client("lambda")
    found = []
    for function in paging.items(client, "list_functions", "Functions"):
        name = function["FunctionName"]
        aliases = {each["Name"]: each for each in paging.items(client, "list_aliases", "Aliases", FunctionName=name)}
        found.append(
            {
                "name": name,
                "description": function.get("Description", ""),
                "alias": LIVE if LIVE in aliases else "",
                "shares": shares(aliases[LIVE]) if LIVE in aliases else [],
                "log": {"group": f"/aws/lambda/{name}", "prefix": ""},
            }
        )
    # What clients call comes first.
    return sorted(found, key=lambda each: (not each["alias"], each["name"]))


def shifts(session: Session) -> list[dict[str, Any]]:
    """The newest deployment of each of CodeDeploy's groups: a shift of an alias, and its steps."""
    client = session.client("codedeploy")
    found = []
    for application in paging.items(client, "list_applications", "applications"):
        for group in paging.items(client, "list_deployment_groups", "deploymentGroups", applicationName=application):
            listed = client.list_deployments(applicationName=application, deploymentGroupName=group)["deployments"]
            described = [client.get_deployment(deploymentId=each)["deploymentInfo"] for each in listed]
            if described:
                found.append(_shift(client, max(described, key=lambda each: each["createTime"])))
    return found


def shares(alias: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions of an alias with their shares of its requests, the largest first."""
    others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    all_shares = {alias["FunctionVersion"]: 1.0 - sum(others.values()), **others}
    found = [{"version": version, "share": round(share, 4)} for version, share in all_shares.items()]
    return sorted(found, key=lambda each: -each["share"])


def _endpoint(client: Any, ended: Ended, name: str) -> dict[str, Any]:
    described = client.describe_endpoint(EndpointName=name)
    pending = described.get("PendingDeploymentSummary")
    location = endpoints.log_of(name)
    return {
        "name": name,
        "state": described["EndpointStatus"],
        "reason": described.get("FailureReason", ""),
        "created": iso(described["CreationTime"]),
        "changed": iso(described["LastModifiedTime"]),
        "configuration": described.get("EndpointConfigName", ""),
        "variants": _variants(client, ended, described),
        "pending": (
            {"configuration": pending["EndpointConfigName"], "variants": _variants(client, ended, pending)}
            if pending
            else None
        ),
        "log": {"group": location.group, "prefix": location.prefix},
    }


def _variants(client: Any, ended: Ended, described: dict[str, Any]) -> list[dict[str, Any]]:
    found = described.get("ProductionVariants", [])
    configured = _configured(client, ended, described.get("EndpointConfigName", ""))
    total = sum(each.get("CurrentWeight", 0.0) for each in found)
    return [
        {
            "name": each["VariantName"],
            "model": configured.get(each["VariantName"], {}).get("ModelName", ""),
            "instance_type": configured.get(each["VariantName"], {}).get("InstanceType", ""),
            "serverless": configured.get(each["VariantName"], {}).get("ServerlessConfig"),
            "instances": each.get("CurrentInstanceCount"),
            "wanted": each.get("DesiredInstanceCount"),
            "share": round(each.get("CurrentWeight", 0.0) / total, 4) if total else 0.0,
            "requests": [],
        }
        for each in found
    ]


def _configured(client: Any, ended: Ended, name: str) -> dict[str, dict[str, Any]]:
    """The variants of an endpoint configuration, which never changes, by their names."""
    if not name:
        return {}

    def described() -> dict[str, dict[str, Any]]:
        response = client.describe_endpoint_config(EndpointConfigName=name)
        return {each["VariantName"]: each for each in response["ProductionVariants"]}

    return ended.get(("endpoint configuration", name), described, ended=bool)


def _invocations(endpoint: str, variant: str) -> Metric:
    dimensions = (("EndpointName", endpoint), ("VariantName", variant))
    return Metric("AWS/SageMaker", "Invocations", dimensions, "Sum")


def _shift(client: Any, deployment: dict[str, Any]) -> dict[str, Any]:
    identity = deployment["deploymentId"]
    targets = client.list_deployment_targets(deploymentId=identity)["targetIds"]
    steps = []
    if targets:
        response = client.batch_get_deployment_targets(deploymentId=identity, targetIds=targets)
        lambda_target = response["deploymentTargets"][0]["lambdaTarget"]
        steps = [
            {"name": each["lifecycleEventName"], "state": each["status"]}
            for each in lambda_target.get("lifecycleEvents", [])
        ]
    return {
        "id": identity,
        "group": deployment["deploymentGroupName"],
        "state": deployment["status"],
        "configuration": deployment["deploymentConfigName"],
        "started": iso(deployment["createTime"]),
        "ended": iso(deployment.get("completeTime")),
        "reason": deployment.get("errorInformation", {}).get("message", ""),
        "steps": steps,
    }
