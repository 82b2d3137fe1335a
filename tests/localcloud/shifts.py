"""Deployments of CodeDeploy that shift an alias to another version."""

import json
from typing import Any

from lambdas import Lambdas, returns
from waiting import until

ROLLS_BACK = {
    "enabled": True,
    "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
}
CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"


class Shift:
    """A function with two versions and an alias on the first, an application and a group."""

    def __init__(self, lambdas: Lambdas, name: str, configuration: str, new: str, **members: Any):
        self.lambdas, self.name = lambdas, name
        self.codedeploy = lambdas.cloud.client("codedeploy")
        self.old, self.new = lambdas.versions(name, returns("old"), new)
        lambdas.client.create_alias(FunctionName=name, Name="live", FunctionVersion=self.old)
        self.codedeploy.create_application(applicationName=name, computePlatform="Lambda")
        self.codedeploy.create_deployment_group(
            applicationName=name,
            deploymentGroupName=name,
            deploymentConfigName=configuration,
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            autoRollbackConfiguration=ROLLS_BACK,
            **{"serviceRoleArn": lambdas.role_arn, **members},
        )

    def start(self, **hooks: str) -> str:
        properties = {"Name": self.name, "Alias": "live", "CurrentVersion": self.old, "TargetVersion": self.new}
        spec = {
            "version": 0.0,
            "Resources": [{"function": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
            "Hooks": [{event: function} for event, function in hooks.items()],
        }
        return self.codedeploy.create_deployment(
            applicationName=self.name,
            deploymentGroupName=self.name,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}},
        )["deploymentId"]

    def ended(self, deployment: str) -> dict:
        def info() -> dict | None:
            found = self.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
            return found if found["status"] in ("Succeeded", "Failed", "Stopped") else None

        return until(info)

    def weights(self) -> tuple[str, dict]:
        alias = self.lambdas.client.get_alias(FunctionName=self.name, Name="live")
        return alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})

    def seen(self, deployment: str) -> list[float]:
        """The shares of the new version during the deployment."""
        found: list[float] = []
        while self.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]["status"] in (
            "Created",
            "InProgress",
        ):
            share = self.weights()[1].get(self.new, 0.0)
            if not found or found[-1] != share:
                found.append(share)
        return found
