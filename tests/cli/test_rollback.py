"""`mlops rollback` between recorded releases: production's stack, their model packages, and the API's function."""

import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import pytest
import small_pipeline

from mlops.aws import releases, stacks
from mlops.aws.deployments import Deployment
from mlops.aws.model_packages import ModelPackage
from mlops.aws.session import Session
from mlops.cli import console
from mlops.errors import PipelineError
from mlops.names import Names, deployment_key, golden_rows_key, lineage_key
from mlops.progress import result
from mlops.release import lineage, refusals
from mlops.release.versions import Approval, Version
from mlops.rendering import Container

IMAGE = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/demo@sha256:" + "a" * 64
TYPES = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
# The API's function returns the value of ANSWER for each row.
PROGRAM = """
import os
def handler(event, context):
    rows = event["body"].split()
    return {"statusCode": 200, "body": "".join(os.environ["ANSWER"] + "\\n" for _ in rows), "multiValueHeaders": {}}
"""


def template(execution: str) -> str:
    """A template with the parameters that a rollback reads, and a topic named after the execution."""
    names = (
        "ClientsCall",
        "InstanceType",
        "MinCapacity",
        "ChallengerName",
        "ShiftType",
        "Guarded",
        "ExecutionId",
        "Image",
    )
    others = ("ModelDataUrl", "GoldenRowsUri", "MaxRows", "EndpointName", "Threshold")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": execution}}
    return json.dumps(
        {
            "Parameters": {name: {"Type": "String"} for name in (*names, *others)},
            "Resources": {"Topic": topic},
            "Outputs": {"Release": {"Value": execution}, "ModelDataUrl": {"Value": {"Ref": "ModelDataUrl"}}},
        }
    )


@dataclass(frozen=True)
class Production:
    """Releases one and two are approved packages with records; production is deployed as two."""

    session: Session
    names: Names

    @property
    def bucket(self) -> str:
        return self.names.bucket(self.session.account, self.session.region)

    @property
    def stack(self) -> dict:
        return stacks.describe(self.session, self.names.endpoint_stack("production"))

    def parameters(self, execution: str, **changes: str) -> dict[str, str]:
        return {
            "ClientsCall": "api",
            "InstanceType": "ml.m5.large",
            "MinCapacity": "2",
            "ChallengerName": "",
            "ShiftType": "CANARY",
            "Guarded": "true",
            "ExecutionId": execution,
            "Image": IMAGE,
            "ModelDataUrl": f"s3://{self.bucket}/releases/{execution}/model.tar.gz",
            "GoldenRowsUri": f"s3://{self.bucket}/{golden_rows_key(execution)}",
            "MaxRows": "2",
            "EndpointName": "demo",
            "Threshold": f"of {execution}",
            **changes,
        }

    def release(self, execution: str, **changes: str) -> releases.Record:
        """Register and record a release whose predictions for the golden rows are 2.0."""
        self.session.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.names.model_package_group,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [{"Image": IMAGE, "ModelDataUrl": self.parameters(execution)["ModelDataUrl"]}],
                **TYPES,
            },
            CustomerMetadataProperties={"execution": execution, "commit": "c", "data-version": "v"},
        )
        golden = {"rows": ["1", "2", "3"], "predictions": [2.0, 2.0, 2.0], "tolerance": 1e-5}
        s3 = self.session.client("s3")
        s3.put_object(Bucket=self.bucket, Key=golden_rows_key(execution), Body=json.dumps(golden))
        record = releases.Record(template(execution), self.parameters(execution, **changes), {"execution": execution})
        releases.write(self.session, self.bucket, execution, record)
        return record

    def answer(self, number: str) -> None:
        """Deploy the API's function, which returns this number for each row."""
        client, packed, function = self.session.client("lambda"), io.BytesIO(), self.names.function("api")
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("program.py", PROGRAM)
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = self.session.client("iam").create_role(
            RoleName=f"{function}-role", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )["Role"]["Arn"]
        client.create_function(
            FunctionName=function,
            Runtime="python3.13",
            Handler="program.handler",
            Role=role,
            Code={"ZipFile": packed.getvalue()},
            Timeout=28,
            Environment={"Variables": {"ANSWER": number}},
        )
        version = client.publish_version(FunctionName=function)["Version"]
        client.create_alias(FunctionName=function, Name="live", FunctionVersion=version)

    def statuses(self) -> list[str]:
        """The approval statuses of the packages, the first release first."""
        listed = self.session.client("sagemaker").list_model_packages(
            ModelPackageGroupName=self.names.model_package_group, SortOrder="Ascending"
        )
        return [each["ModelApprovalStatus"] for each in listed["ModelPackageSummaryList"]]


@pytest.fixture
def production(session: Session, names: Names, repository) -> Production:
    small_pipeline.create(session, names, repository)
    session.client("sagemaker").create_model_package_group(ModelPackageGroupName=names.model_package_group)
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"TopicArn": {"Value": {"Ref": "Topic"}}}}
    result(stacks.deploy(session, names.stack("storage"), json.dumps(topic), {}))
    return Production(session, names)


@pytest.fixture
def deployed(production: Production) -> Callable[..., Production]:
    """Creates releases one and two, the first with these parameters, and deploys the second."""

    def deploy(**first: str) -> Production:
        production.release("one", **first)
        second = production.release("two")
        stack = production.names.endpoint_stack("production")
        result(stacks.deploy(production.session, stack, second.template, second.parameters, tags=second.tags))
        return production

    return deploy


def test_a_rollback_restores_template_parameters_and_tags_of_the_earlier_release(mlops, deployed):
    production = deployed()
    production.answer("2.0")
    done = mlops("rollback", "--reason", "worse on Fridays")
    assert done.exit_code == 0, done.output
    assert "Production serves version 1 again, of execution one" in done.output
    stack = production.stack
    expected = production.parameters("one", Guarded="false", ShiftType="ALL_AT_ONCE")
    assert stacks.parameters_of(stack) == expected
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert outputs["Release"] == "one", "not the template of release one"
    assert stack["Tags"] == [{"Key": "execution", "Value": "one"}]
    assert production.statuses() == ["Approved", "Rejected"]
    [metric] = production.session.client("cloudwatch").list_metrics(Namespace=production.names.metrics)["Metrics"]
    assert (metric["MetricName"], metric["Dimensions"]) == ("Deployment", [{"Name": "Release", "Value": "one"}])


def test_a_rollback_names_the_releases_that_would_replace_it_and_that_were_compared_with_what_it_left(
    mlops, deployed, monkeypatch
):
    production = deployed()
    production.answer("2.0")
    started = mlops("start")
    assert started.exit_code == 0, started.output
    execution = re.search(r"Execution (\S+) of the pipeline", started.output)[1]
    assert mlops("watch", "--until-approval").exit_code == 0
    compared = json.dumps({"compared_with": production.parameters("two")["ModelDataUrl"]})
    production.session.client("s3").put_object(Bucket=production.bucket, Key=lineage_key(execution), Body=compared)
    done = mlops("rollback", "--reason", "worse on Fridays")
    assert done.exit_code == 0, done.output
    before, _, after = done.output.partition("a release that is on its way replaces what is rolled back to:\n")
    assert "Deploying" not in before
    assert after.startswith(f"  {execution} waits for approval since ")
    assert f"mlops stop {execution[:8]}\n" in after and "mlops approve" not in after

    refused = mlops("approve")
    assert refused.exit_code == 1
    assert f"the execution {execution} was evaluated against version 2, and production serves version 1 now, since" in (
        refused.output
    )
    assert re.search(r" UTC: rolled back by .* \(worse on Fridays\)\. ", refused.output)
    assert (
        f"mlops reject {execution[:8]} --comment 'evaluated against version 2', then mlops start --data-version "
        in (refused.output)
    )
    assert refused.output.endswith(f"mlops approve {execution[:8]} --despite-change\n")
    monkeypatch.setattr(console, "has_input", lambda: True)
    declined = mlops("approve", input="n\n")
    assert declined.exit_code == 1 and "Approve it all the same? [y/N]" in declined.output
    assert f"{execution} is approved" not in declined.output
    assert f"{execution} is approved" in mlops("approve", input="y\n").output


def test_a_rollback_fails_when_predictions_differ_from_the_golden_rows(mlops, deployed):
    production = deployed()
    production.answer("3.0")
    done = mlops("rollback")
    assert done.exit_code == 1
    assert (
        "production does not return its golden predictions" in done.output
        and "predicts 3 for '1', the released model 2" in done.output
    )
    assert "serves version 1 again" not in done.output


def test_a_rollback_to_a_release_without_a_record_is_refused(mlops, deployed):
    production = deployed()
    production.session.client("s3").delete_object(
        Bucket=production.bucket, Key="executions/one/release/production.json"
    )
    done = mlops("rollback")
    assert done.exit_code == 2
    assert "The release of execution one has no record" in done.output
    assert production.statuses() == ["Approved", "Approved"]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ({"ClientsCall": "endpoint"}, "Version 1 was released with clients_call: endpoint, production with api"),
        ({"Image": "another"}, "is not of version 1"),
    ],
)
def test_a_rollback_that_production_cannot_apply_is_refused(mlops, deployed, first: dict[str, str], reason: str):
    production = deployed(**first)
    done = mlops("rollback")
    assert done.exit_code in (1, 2)
    assert reason in done.output
    assert stacks.parameters_of(production.stack)["ExecutionId"] == "two"


def test_a_missing_version_is_refused_with_the_list_of_approved_ones(mlops, deployed):
    deployed()
    done = mlops("rollback", "--to", "99")
    assert done.exit_code == 2
    assert "has no version 99. Allowed are the approved ones: 2, 1" in done.output


def test_a_version_that_a_rollback_rejected_is_deployed_again_after_it_is_approved(mlops, deployed):
    production = deployed()
    production.answer("2.0")
    s3, entry = production.session.client("s3"), Deployment("two", "2026-11-08T12:00:00Z", "release")
    key = deployment_key(entry.time, entry.execution_id)
    s3.put_object(Bucket=production.bucket, Key=key, Body=json.dumps(asdict(entry)))
    assert mlops("rollback", "--reason", "worse on Fridays").exit_code == 0
    for given in ("2", "two"):
        refused = mlops("rollback", "--to", given)
        assert refused.exit_code == 2
        assert re.search(
            r"Version 2 was rejected on .* UTC \(Rolled back to version 1 by .*, worse on Fridays\)\. "
            r"Allowed are the approved ones: 1\.",
            refused.output,
        )
    approve, rollback = refused.output.splitlines()[-2:]
    options = dict(zip(*[iter(shlex.split(approve)[3:])] * 2, strict=True))
    assert approve.startswith("  aws sagemaker update-model-package --model-package-arn ")
    production.session.client("sagemaker").update_model_package(
        ModelPackageArn=options["--model-package-arn"],
        ModelApprovalStatus=options["--model-approval-status"],
        ApprovalDescription=options["--approval-description"],
    )
    done = mlops(*shlex.split(rollback)[1:])
    assert done.exit_code == 0, done.output
    assert "Production serves version 2 again" in done.output
    assert production.statuses() == ["Rejected", "Approved"]


COMMIT = "a" * 40
HUBOT = Approval(False, "hubot", "too slow", "2026-11-21T12:00:00Z")
AGAIN = f"  git checkout {COMMIT}\n  mlops start --data-version v"


@pytest.mark.parametrize(
    ("status", "found", "reason", "route"),
    [
        ("Rejected", {"approval": HUBOT}, "was rejected on 2026-11-21 12:00 UTC by hubot (too slow).", AGAIN),
        (
            "Rejected",
            {"approval": replace(HUBOT, approver="", comment="")},
            "was rejected on 2026-11-21 12:00 UTC, as its approval timed out or its release was stopped.",
            AGAIN,
        ),
        (
            "Rejected",
            {"approval": replace(HUBOT, approver="", comment=""), "stop_reason": "stopped by octocat"},
            "was not approved: stopped by octocat.",
            AGAIN,
        ),
        (
            "Rejected",
            {"approval": replace(HUBOT, approved=True)},
            "was approved by hubot, and rejected when its deployment to production failed.",
            AGAIN,
        ),
        ("Rejected", {}, "was rejected (much too bad).", AGAIN),
        ("Rejected", {"commit_id": "uncommitted"}, "was rejected (much too bad).", ":\n  mlops start --data-version v"),
        (
            "Rejected",
            {"hyperparameters": {"max_depth": "7", "objective": "reg:squarederror; ls", "empty": ""}},
            "was rejected (much too bad).",
            f"{AGAIN} --set max_depth=7 --set 'objective=reg:squarederror; ls'",
        ),
        ("PendingManualApproval", {"state": "failed in Test/QA"}, "is not approved: failed in Test/QA.", AGAIN),
        (
            "PendingManualApproval",
            {"state": "waiting for approval"},
            "is not approved: waiting for approval.",
            "Approve it: mlops approve 1a2b3c4d",
        ),
    ],
)
def test_a_version_that_was_never_in_production_is_refused_with_the_reason_and_what_to_run(
    monkeypatch, status: str, found: dict, reason: str, route: str
):
    version = replace(Version("1a2b3c4d", 3, commit_id=COMMIT, data_version="v"), **found)
    monkeypatch.setattr(lineage, "version", lambda *_: version)
    now, container = datetime.now(UTC), Container(IMAGE, "s3://demo/model.tar.gz")
    package = ModelPackage("arn", 3, status, now, container, "1a2b3c4d", COMMIT, "v", approval="much too bad")
    refusal = str(refusals.of_version(None, package, [2, 1]))
    assert refusal.startswith(f"Version 3 {reason} Allowed are the approved ones: 2, 1.\n")
    assert refusal.endswith(route) and refusal.count("git checkout") == route.count("git checkout")


def test_a_production_stack_whose_creation_failed_counts_as_not_deployed(mlops, production: Production):
    broken = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "x", "RoleArn": "x", "Stages": []}}
    stack = production.names.endpoint_stack("production")
    with pytest.raises(PipelineError, match="ROLLBACK_COMPLETE"):
        result(stacks.deploy(production.session, stack, json.dumps({"Resources": {"Broken": broken}}), {}))
    assert "Nothing is in production." in mlops("rollback").output
    started = mlops("start")
    assert started.exit_code == 2
    assert f"aws cloudformation delete-stack --stack-name {stack}" in started.output


def test_a_release_that_sagemaker_would_refuse_is_refused_before_it_starts(mlops, production: Production, repository):
    stack = production.names.endpoint_stack("production")
    parameters = production.parameters("one", ClientsCall="endpoint")
    result(stacks.deploy(production.session, stack, template("one"), parameters))
    file = repository / "configuration" / "production.yml"
    text = file.read_text().replace("clients_call: api", "clients_call: endpoint")
    file.write_text(text.replace("InstanceType: ml.m5.large", "InstanceType: ml.m5.xlarge"))
    done = mlops("start")
    assert done.exit_code == 2
    assert "InstanceType: found ml.m5.xlarge, production has ml.m5.large and is scaled" in done.output
