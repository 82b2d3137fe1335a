"""Projects in the local cloud whose production is monitored: the stacks of infra/, a pipeline, a program in its image."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from baking import REPOSITORY
from harness import Cloud
from machines import ended
from pushing import push
from repository import PROJECT, Repository
from waiting import until

from mlops.configuration import load
from mlops.release import templates

STACKS = ("storage", "jobs", "monitoring")
# A record with the word "drifted" is a violation; with the word "broken" the program fails. Ground truth is the line of
# the record again; "wrong" is a violation, "fatal" fails.
IMAGE = {
    "Dockerfile": 'FROM python:3.13-slim\nWORKDIR /opt/program\nCOPY mlops mlops\nENTRYPOINT ["python"]\n',
    "mlops/__init__.py": "",
    "mlops/container/__init__.py": "",
    "mlops/container/__main__.py": """
import datetime, json, os, pathlib, sys
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "processing")
output = base / "output/monitoring"
def lines(name):
    return "".join(file.read_text() for file in sorted((base / "input" / name).rglob("*.jsonl"))).splitlines()
records, labels = lines("capture"), lines("ground_truth")
if any("broken" in record for record in records):
    sys.exit("the records are broken")
if sys.argv[1:] == ["monitor"]:
    assert (base / "input/baseline/statistics.json").is_file() and not labels
    drifted = sum("drifted" in record for record in records)
    rows = sum("synthetic" not in record for record in records)
    metrics = {"records": len(records), "rows": rows, "unreadable": 0, "foreign": 0, "late": 0,
        "drift": {"distance": float(drifted), "größe": 0.5, "empty": None}, "drifted": ["distance"] * bool(drifted),
        "hours": {datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:00:00Z"): len(records)},
        "violations": drifted, "from": os.environ["MONITORING_FROM"]}
else:
    assert sys.argv[1:] == ["quality"]
    if "fatal" in labels:
        sys.exit("the ground truth is fatal")
    joined = [record for record in records if record in labels]
    metrics = {"records": len(records), "unlabelled": len(records) - len(joined), "quality_rows": len(joined),
        "violations": sum("wrong" in record for record in joined), "bounds": os.environ["QUALITY_BOUNDS"]}
    if joined:
        metrics["quality"] = {"rmse": 2.5}
(output / "metrics.json").write_text(json.dumps(metrics))
(output / "records.json").write_text(json.dumps(records))
""",
}
PRODUCTION = """
Resources: {Nothing: {Type: "AWS::CloudFormation::WaitConditionHandle"}}
Parameters:
  EndpointName: {Type: String}
  Image: {Type: String}
  ExecutionId: {Type: String}
  DataVersion: {Type: String}
Outputs:
  EndpointName: {Value: !Ref EndpointName}
  Image: {Value: !Ref Image}
  ExecutionId: {Value: !Ref ExecutionId}
  CommitId: {Value: 1a2b3c4d}
  DataVersion: {Value: !Ref DataVersion}
"""


class Monitored:
    """One project. Its schedule is once a day, so that a test decides when a run begins."""

    def __init__(self, cloud: Cloud, role_arn: str, folder: Path, **monitoring: Any):
        self.cloud, self.role_arn = cloud, role_arn
        self.project = f"watched-{uuid4().hex[:8]}"
        self.endpoint = f"{self.project}--total-amount-1a2b3c4d"
        self.bucket = f"{self.project}-000000000000-us-east-1"
        repository = Repository(folder)
        repository.write("project.json", json.dumps({**PROJECT, "project": self.project}))
        repository.change("monitoring.yml", lambda data: data.update({"schedule": "rate(1 day)", **monitoring}))
        self.stacks = {
            each.name: each
            for each in templates.stacks(REPOSITORY, load(repository.root))
            if each.name.removeprefix(f"{self.project}-") in STACKS
        }
        for stack in self.stacks.values():
            self.deploy(stack.name, stack.template, stack.parameters)
        self.image = push(cloud.client, self.bucket, role_arn, f"{self.project}-image", IMAGE)

    def deploy(self, name: str, template: str, parameters: dict[str, str]) -> None:
        """Create a stack and wait for it."""
        client = self.cloud.client("cloudformation")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        client.create_stack(
            StackName=name, TemplateBody=template, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"]
        )

        def status() -> str | None:
            found = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            return None if found.endswith("IN_PROGRESS") else found

        assert until(status) == "CREATE_COMPLETE", client.describe_stack_events(StackName=name)["StackEvents"]

    def release(self, execution: str = "1a2b3c4d-0000-0000-0000-000000000000", data: str = "v1") -> None:
        """Put a release into production, whose baseline is in the bucket."""
        self.put(f"executions/{execution}/baseline/statistics.json", "{}")
        given = {"EndpointName": self.endpoint, "Image": self.image, "ExecutionId": execution, "DataVersion": data}
        self.deploy(f"{self.project}-production", PRODUCTION, given)

    def put(self, key: str, content: str) -> str:
        """Put an object and return its version."""
        return self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content.encode())["VersionId"]

    def get(self, key: str) -> Any:
        """The JSON in an object."""
        return json.loads(self.cloud.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def capture(self, *records: str, name: str = "00-00-000.jsonl", endpoint: str = "") -> None:
        """Write records that the endpoint has captured in this hour."""
        self.put(
            f"capture/{endpoint or self.endpoint}/AllTraffic/{datetime.now(UTC):%Y/%m/%d/%H}/{name}",
            "".join(f"{record}\n" for record in records),
        )

    def run(self, machine: str, event: dict | None = None) -> dict:
        """Start a state machine and describe the execution once it has ended, with its output."""
        arn = f"arn:aws:states:us-east-1:000000000000:stateMachine:{self.project}-{machine}"
        client = self.cloud.client("stepfunctions")
        started = client.start_execution(stateMachineArn=arn, input=json.dumps(event or {}))
        return ended(self.cloud, started["executionArn"])

    def monitor(self) -> dict:
        """The output of a run of monitoring, which must succeed."""
        run = self.run("monitoring")
        assert run["status"] == "SUCCEEDED", run
        return json.loads(run["output"])

    def metric(self, name: str, **dimensions: str) -> float:
        """The sum of a metric of the project."""
        return self.cloud.metric(f"mlops/{self.project}", name, dimensions)

    def create_pipeline(self) -> None:
        """A pipeline like the project's, whose executions wait for an approval after their source."""
        defaults = dict.fromkeys(("Tune", "HyperParameters", "StartedBy", "Reason", "Link", "Trigger"), "none")
        sources = [self._source("Code", "source/source.zip"), self._source("Data", "data/data.zip")]
        approval = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
        declared = {
            "name": self.project,
            "roleArn": self.role_arn,
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "artifactStore": {"type": "S3", "location": self.bucket},
            "variables": [{"name": "CommitId"}, *({"name": key, "defaultValue": defaults[key]} for key in defaults)],
            "stages": [
                {"name": "Source", "actions": sources},
                {"name": "Approve", "actions": [{"name": "Release", "actionTypeId": approval}]},
            ],
        }
        self.cloud.client("codepipeline").create_pipeline(pipeline=declared)

    def _source(self, name: str, key: str) -> dict:
        kind = {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}
        configuration = {"S3Bucket": self.bucket, "S3ObjectKey": key, "PollForSourceChanges": "false"}
        return {
            "name": name,
            "actionTypeId": kind,
            "configuration": configuration,
            "outputArtifacts": [{"name": name}],
        }

    def start(self, versions: dict[str, str]) -> str:
        """Start an execution by hand with these versions of code and data, as `mlops start` does."""
        given = {"CommitId": "1a2b3c4d", "Tune": "false", "HyperParameters": '{"max_depth": "4"}'}
        return self.cloud.client("codepipeline").start_pipeline_execution(
            name=self.project,
            variables=[{"name": name, "value": value} for name, value in given.items()],
            sourceRevisions=[
                {"actionName": name, "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": version}
                for name, version in versions.items()
            ],
        )["pipelineExecutionId"]

    def stop(self, execution: str) -> None:
        """Stop an execution and wait for its end."""
        client = self.cloud.client("codepipeline")
        client.stop_pipeline_execution(pipelineName=self.project, pipelineExecutionId=execution, abandon=True)
        until(lambda: self.execution(execution)["status"] == "Stopped")

    def execution(self, execution: str) -> dict:
        found = self.cloud.client("codepipeline").get_pipeline_execution(
            pipelineName=self.project, pipelineExecutionId=execution
        )
        return found["pipelineExecution"]

    def executions(self) -> list[str]:
        """The ids of all executions, newest first."""
        found = self.cloud.client("codepipeline").list_pipeline_executions(pipelineName=self.project)
        return [each["pipelineExecutionId"] for each in found["pipelineExecutionSummaries"]]
