"""API Gateway writes logs only in regions where the account has given it a role."""

from harness import Cloud
from stacks import outcome_of

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


def outcome(cloud: Cloud, region: str) -> tuple[str, list[str]]:
    return outcome_of(cloud.client("cloudformation", region=region), TEMPLATE)


def test_own_region_has_a_role_for_logs(cloud: Cloud) -> None:
    assert outcome(cloud, "us-east-1")[0] == "CREATE_COMPLETE"


def test_a_stage_with_logs_is_refused_where_api_gateway_has_no_role(cloud: Cloud) -> None:
    status, reasons = outcome(cloud, "eu-west-1")
    assert status == "ROLLBACK_COMPLETE"
    assert "CloudWatch Logs role ARN must be set in account settings to enable logging" in "\n".join(reasons)
