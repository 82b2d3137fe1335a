"""API Gateway writes logs only in regions where the account has given it a role."""

import json
import time

from harness import Cloud, until

TEMPLATE = {
    "Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "logged"}},
        "Resource": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": "predict",
            },
        },
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": "Resource",
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "DeploymentId": {"Ref": "Deployment"},
                "StageName": "v1",
                "MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", "LoggingLevel": "ERROR"}],
            },
        },
    }
}


def ended(cloud: Cloud, region: str) -> tuple[str, str]:
    """Status of a stack with a stage that logs, and the reasons of its events."""
    cloudformation = cloud.client("cloudformation", region=region)
    name = f"logs-{time.time_ns()}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(TEMPLATE))

    def status() -> str | None:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if found.endswith("IN_PROGRESS") else found

    found = until(status, 20)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    cloudformation.delete_stack(StackName=name)
    return found, " ".join(each.get("ResourceStatusReason", "") for each in events)


def test_the_clouds_own_region_comes_with_a_role_for_logs(cloud: Cloud) -> None:
    assert ended(cloud, "us-east-1")[0] == "CREATE_COMPLETE"


def test_a_stage_with_logs_is_refused_where_api_gateway_has_no_role(cloud: Cloud) -> None:
    status, reasons = ended(cloud, "eu-west-1")
    assert status == "ROLLBACK_COMPLETE"
    assert "CloudWatch Logs role ARN must be set in account settings to enable logging" in reasons
