"""The state machine after a deployment to production: it approves or rejects the package, and deletes a failed first stack."""

import json
import uuid

import machines
import pytest
from harness import REPOSITORY, Cloud
from waiting import until

TIME = "2026-11-21T12:00:00Z"
GOOD = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
# A pipeline needs two stages.
BAD = {
    "Resources": {
        **GOOD["Resources"],
        "Broken": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "x", "RoleArn": "x", "Stages": []}},
    }
}


class Project:
    """A project with a model package group, whose production is a stack of these templates."""

    def __init__(self, cloud: Cloud, role_arn: str, bucket: str):
        self.bucket = bucket
        self.cloud, self.role_arn, self.name = cloud, role_arn, f"decided-{uuid.uuid4().hex[:6]}"
        self.cloudformation = cloud.client("cloudformation")
        cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=self.name)

    def deploy(self, template: dict, *, first: bool = True) -> str | None:
        change = self.cloudformation.create_stack if first else self.cloudformation.update_stack
        change(StackName=self.name, TemplateBody=json.dumps(template))
        until(lambda: not str(self.status()).endswith("IN_PROGRESS"))
        return self.status()

    def status(self) -> str | None:
        """The stack's status, None when it does not exist."""
        stacks = self.cloudformation.describe_stacks()["Stacks"]
        return next((stack["StackStatus"] for stack in stacks if stack["StackName"] == self.name), None)

    def register(self, execution: str) -> str:
        """Add a package of a pipeline execution to the group. Returns its ARN."""
        return self.cloud.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.name,
            ModelApprovalStatus="PendingManualApproval",
            CustomerMetadataProperties={"execution": execution},
        )["ModelPackageArn"]

    def approval(self, package: str) -> str:
        return self.cloud.client("sagemaker").describe_model_package(ModelPackageName=package)["ModelApprovalStatus"]

    def decide(self, state: str, time: str = TIME) -> str:
        """Run the state machine for the end of Production/Deploy; its status."""
        definition = (REPOSITORY / "infra" / "decision.asl.json").read_text()
        names = {
            "Partition": "aws",
            "ModelPackageGroup": self.name,
            "TestStack": "x",
            "ProductionStack": self.name,
            "Pipeline": self.name,
            "Bucket": self.bucket,
            "Namespace": f"mlops/{self.name}",
        }
        for key, value in names.items():
            definition = definition.replace(f"${{{key}}}", value)
        client = self.cloud.client("stepfunctions")
        machine = client.create_state_machine(name=self.name, roleArn=self.role_arn, definition=definition)
        event: dict = {"time": time}
        event |= {"detail": {"execution-id": "1a2b", "stage": "Production", "action": "Deploy", "state": state}}
        started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(event))
        return machines.ended(self.cloud, started["executionArn"])["status"]


@pytest.fixture
def project(cloud: Cloud, role_arn: str, bucket: str) -> Project:
    return Project(cloud, role_arn, bucket)


def test_failed_first_deployment_is_deleted(project: Project) -> None:
    assert project.deploy(BAD) == "ROLLBACK_COMPLETE"
    assert project.decide("FAILED") == "SUCCEEDED"
    until(lambda: project.status() is None)
    assert project.deploy(GOOD) == "CREATE_COMPLETE"


def test_a_stack_that_serves_stays_when_the_next_deployment_fails(project: Project) -> None:
    project.deploy(GOOD)
    assert project.deploy(BAD, first=False) == "UPDATE_ROLLBACK_COMPLETE"
    assert project.decide("FAILED") == "SUCCEEDED"
    assert project.status() == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize(("state", "approval"), [("SUCCEEDED", "Approved"), ("FAILED", "Rejected")])
def test_only_the_package_of_the_execution_is_changed(project: Project, state: str, approval: str) -> None:
    project.deploy(GOOD)
    older, own, newer = (project.register(execution) for execution in ("1a2b-0", "1a2b", "3c4d"))
    assert project.decide(state) == "SUCCEEDED"
    assert project.approval(own) == approval
    assert [project.approval(each) for each in (older, newer)] == ["PendingManualApproval"] * 2


@pytest.mark.parametrize(
    ("state", "time", "logged"),
    [("SUCCEEDED", "2026-11-21T12:00:01Z", True), ("FAILED", "2026-11-21T12:00:02Z", False)],
)
def test_a_deployment_to_production_is_logged_as_json_when_it_succeeded(
    project: Project, state: str, time: str, logged: bool
) -> None:
    project.deploy(GOOD)
    project.register("1a2b")
    assert project.decide(state, time) == "SUCCEEDED"
    moment = time.replace(":", "")
    s3 = project.cloud.client("s3")
    keys = [
        each["Key"]
        for each in s3.list_objects_v2(Bucket=project.bucket, Prefix=f"lineage/deployments/{moment}").get(
            "Contents", []
        )
    ]
    assert keys == ([f"lineage/deployments/{moment}-1a2b.json"] if logged else [])
    for key in keys:
        entry = json.loads(s3.get_object(Bucket=project.bucket, Key=key)["Body"].read())
        assert entry == {"execution_id": "1a2b", "time": time, "kind": "release", "by": "", "reason": ""}
    metrics = project.cloud.client("cloudwatch").list_metrics(Namespace=f"mlops/{project.name}")["Metrics"]
    published = [(each["MetricName"], each["Dimensions"]) for each in metrics]
    assert published == ([("Deployment", [{"Name": "Release", "Value": "1a2b"}])] if logged else [])
