"""The CloudFormation templates: valid, consistent with each other, and with least privilege."""

from __future__ import annotations

import itertools
import json
import re

import cloudformation_validate
import pytest
from baking import REPOSITORY
from cfnlint.api import lint, lint_file
from cfnlint.config import ManualArgs
from repository import Repository
from templates import ALL, INFRA, NAMES, find, resources, statements, template

from mlops import names
from mlops.aws import source
from mlops.aws.requested_by import RequestedBy
from mlops.configuration import load
from mlops.release import templates

# CloudFormation's limit for a template in a request. An upload is no way around it: a template creates the bucket.
MAXIMUM_BYTES = 51_200
# Services whose guides show aws:SourceAccount in the trust policy of a service role ("Cross-service confused deputy
# prevention"), and services whose guides do not: a condition on a key that a service does not send never holds.
SENDING_SOURCE_ACCOUNT = {
    f"{name}.amazonaws.com" for name in ("codebuild", "codedeploy", "codepipeline", "events", "sagemaker", "states")
}
WITHOUT_SOURCE_ACCOUNT = {f"{name}.amazonaws.com" for name in ("apigateway", "cloudformation", "lambda")}


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def stacks(repository) -> list[templates.Stack]:
    return templates.stacks(REPOSITORY, load(repository.root))


def packed(name: str) -> str:
    """The deployed template, with a value for the partition in its state machine."""
    return templates.pack(INFRA / f"{name}.yml").replace("${Partition}", "aws")


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ALL)
def test_cfn_lint_finds_nothing(name):
    assert [str(match) for match in lint_file(INFRA / f"{name}.yml")] == []


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["endpoints", "jobs", "monitoring", "notifications"])
def test_cfn_lint_finds_nothing_in_the_state_machines_that_are_deployed(name):
    matches = lint(packed(name), config=ManualArgs(regions=["eu-west-1"]))
    assert [str(match) for match in matches] == []


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ALL)
def test_cloudformation_validate_finds_nothing(name):
    report = cloudformation_validate.CompositeEngine().validate_template(packed(name).encode())
    informational = cloudformation_validate.Severity.INFO
    messages = [each.message for each in report.diagnostics if each.severity != informational]
    assert messages == []


@pytest.mark.parametrize("name", ["boundaries", "bootstrap"])
def test_the_compact_form_of_a_template_is_below_the_limit(name):
    """With room for a team's own statements."""
    sent = templates.compact(INFRA / f"{name}.yml")
    assert len(sent.encode()) < 0.95 * MAXIMUM_BYTES
    assert json.loads(sent) == template(name)


def test_each_template_is_short_enough_to_be_sent(stacks):
    assert {
        stack.name: len(stack.template.encode()) for stack in stacks if len(stack.template.encode()) > MAXIMUM_BYTES
    } == {}


def test_state_machines_are_written_into_the_templates(stacks):
    text = "\n".join(stack.template for stack in stacks)
    assert "DefinitionS3Location" not in text
    assert text.count('DefinitionString: \'{"Comment"') == 5


def test_every_stack_gets_the_parameters_of_its_template(stacks):
    for stack in stacks:
        declared = template(stack.name.removeprefix("taxi-fares-"))["Parameters"]
        required = {name for name, parameter in declared.items() if "Default" not in parameter}
        assert required <= stack.parameters.keys() <= declared.keys(), stack.name


def test_a_stack_imports_only_what_an_earlier_one_exports(stacks):
    exported: set[str] = set()
    for stack in stacks:
        parsed = template(stack.name.removeprefix("taxi-fares-"))
        assert {each["Fn::Sub"] for each in find(parsed, "Fn::ImportValue")} <= exported, stack.name
        exported |= {
            output["Export"]["Name"]["Fn::Sub"] for output in parsed.get("Outputs", {}).values() if "Export" in output
        }


def test_only_stacks_with_roles_are_deployed_with_the_iam_capability(stacks):
    capable = {stack.name for stack in stacks if stack.capabilities}
    assert capable == {stack.name for stack in stacks if "AWS::IAM::" in stack.template}


def test_a_prebuilt_image_replaces_the_image_build(repository):
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shared/forecast:3"
    repository.change("trainingjob.json", lambda data: data["AlgorithmSpecification"].update(TrainingImage=image))
    parameters = {stack.name: stack.parameters for stack in templates.stacks(REPOSITORY, load(repository.root))}
    assert parameters["taxi-fares-pipeline"]["TrainingImage"] == image
    arn = "arn:aws:ecr:eu-west-1:123456789012:repository/shared/forecast"
    assert parameters["taxi-fares-jobs"]["PrebuiltImageRepositoryArn"] == arn


def test_a_vpc_in_the_configuration_grants_containers_network_permissions(repository):
    vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    repository.change("production.yml", lambda data: data.update(VpcConfig=vpc))
    parameters = {stack.name: stack.parameters for stack in templates.stacks(REPOSITORY, load(repository.root))}
    assert parameters["taxi-fares-jobs"]["UsesVpc"] == "true"


@pytest.mark.parametrize("name", NAMES)
def test_no_role_has_all_actions_of_a_service(name):
    for role, statement in statements(name):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert [action for action in actions if "*" in action] == [], role


@pytest.mark.parametrize("name", ALL)
def test_every_wildcard_resource_has_a_comment_with_its_reason(name):
    lines = (INFRA / f"{name}.yml").read_text().splitlines()
    for above, line in itertools.pairwise(lines):
        if re.match(r'\s+(Resource|Principal): "\*"', line):
            assert above.strip().startswith("#"), line


@pytest.mark.parametrize("name", ALL)
def test_service_roles_trust_only_this_account(name):
    for key, role in resources(name, "AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        if "Service" not in statement["Principal"]:
            continue
        service = statement["Principal"]["Service"]
        assert service in SENDING_SOURCE_ACCOUNT | WITHOUT_SOURCE_ACCOUNT, key
        if service in SENDING_SOURCE_ACCOUNT:
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}, key
        else:
            assert "Condition" not in statement, key


@pytest.mark.parametrize("name", NAMES)
def test_a_role_can_be_passed_only_to_the_service_that_needs_it(name):
    for key, statement in statements(name):
        if "iam:PassRole" in statement["Action"]:
            assert "iam:PassedToService" in statement["Condition"]["StringEquals"], key
            assert statement["Resource"] != "*", key


def test_the_bucket_is_private_versioned_and_encrypted():
    (bucket,) = resources("storage", "AWS::S3::Bucket").values()
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (policy,) = resources("storage", "AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_no_lifecycle_rule_touches_code_data_or_models():
    (bucket,) = resources("storage", "AWS::S3::Bucket").values()
    kept = ("source/", "data/", "datasets/", "models/", "releases/", "functions/", "executions/")
    for rule in bucket["LifecycleConfiguration"]["Rules"]:
        if "ExpirationInDays" in rule or "NoncurrentVersionExpiration" in rule:
            assert not str(rule["Prefix"]).startswith(kept), rule["Id"]
            assert rule["Prefix"], rule["Id"]


def test_jobs_may_list_each_output_prefix_with_and_without_a_trailing_slash():
    for role, statement in statements("jobs"):
        if statement["Action"] == "s3:ListBucket":
            patterns = set(statement["Condition"]["StringLike"]["s3:prefix"])
            folders = {pattern.removesuffix("/*") for pattern in patterns}
            assert patterns == folders | {f"{folder}/*" for folder in folders}, role


@pytest.mark.parametrize(("name", "count"), [("storage", 8), ("api", 6)])
def test_every_log_group_expires_and_is_encrypted(name, count):
    groups = resources(name, "AWS::Logs::LogGroup")
    assert len(groups) == count
    assert all({"RetentionInDays", "KmsKeyId"} <= group.keys() for group in groups.values())


def test_the_execution_log_of_the_api_exists_before_its_stage_writes_into_it():
    stage = template("api")["Resources"]["Stage"]
    [group] = [
        key
        for key, each in resources("api", "AWS::Logs::LogGroup").items()
        if str(each["LogGroupName"]["Fn::Sub"])
        == f"API-Gateway-Execution-Logs_${{RestApi}}/{stage['Properties']['StageName']}"
    ]
    assert stage["DependsOn"] == group


def test_the_pipeline_has_these_stages_and_actions():
    (pipeline,) = resources("pipeline", "AWS::CodePipeline::Pipeline").values()
    granted = {
        stage["Name"]: [(action["Fn::If"][1] if "Fn::If" in action else action)["Name"] for action in stage["Actions"]]
        for stage in pipeline["Stages"]
    }
    assert granted == {
        "Source": ["Code", "Data"],
        "Build": ["Image", "Render"],
        "Train": ["Train"],
        "Test": ["Deploy", "QA"],
        "Approve": ["Release"],
        "Production": ["Deploy", "Smoke"],
    }
    assert (pipeline["PipelineType"], pipeline["ExecutionMode"]) == ("V2", "QUEUED")
    assert [each["Name"] for each in pipeline["Variables"]] == [
        "CommitId",
        "Tune",
        "HyperParameters",
        "StartedBy",
        "Reason",
        "Link",
        "Trigger",
    ]


def test_approval_and_deployment_of_this_pipeline_trigger_the_decision():
    (rule,) = resources("endpoints", "AWS::Events::Rule").values()
    detail = rule["EventPattern"]["detail"]
    assert (detail["stage"], detail["action"]) == (["Approve", "Production"], ["Release", "Deploy"])
    assert "STARTED" not in detail["state"]
    assert {"SUCCEEDED", "FAILED", "ABANDONED"} <= set(detail["state"])


def test_source_actions_watch_the_objects_that_are_uploaded():
    (pipeline,) = resources("pipeline", "AWS::CodePipeline::Pipeline").values()
    keys = [action["Configuration"]["S3ObjectKey"] for action in pipeline["Stages"][0]["Actions"]]
    assert keys == [names.SOURCE_KEY, names.DATA_KEY]


def test_environment_variables_of_actions_are_json_and_short():
    (pipeline,) = resources("pipeline", "AWS::CodePipeline::Pipeline").values()
    texts = [text for each in find(pipeline, "EnvironmentVariables") for text in variants(each)]
    assert len(texts) == 4
    for text in texts:
        assert len(text) <= 1000
        assert "EXECUTION_ID" in {variable["name"] for variable in json.loads(text)}


def test_the_text_of_an_approval_fits_with_the_longest_variables():
    (pipeline,) = resources("pipeline", "AWS::CodePipeline::Pipeline").values()
    (approval,) = next(stage["Actions"] for stage in pipeline["Stages"] if stage["Name"] == "Approve")
    asked = RequestedBy("u" * 1000, "r" * 1000, "https://" + "l" * 1000).variables
    longest = {
        "variables.CommitId": f"{'c' * 40}+{source.UNCOMMITTED}",
        **{f"variables.{name}": value for name, value in asked.items()},
        "SourceData.VersionId": "v" * 32,
        "codepipeline.PipelineExecutionId": "e" * 36,
        "Project": "p" * 23,
        "Model": "m" * 20,
        "AWS::AccountId": "1" * 12,
        "AWS::Region": "r" * 14,
    }
    text = approval["Configuration"]["CustomData"]["Fn::Sub"]
    resolved = re.sub(r"[#$]\{([\w.:]+)\}", lambda match: longest[match[1]], text)
    assert len(resolved) <= 1000


def test_the_page_of_a_workflows_run_is_linked_in_full():
    page = f"https://github.com/{'o' * 39}/{'r' * 100}/actions/runs/12345678901"
    assert RequestedBy("octocat", "push", page).variables["Link"] == page


def variants(value: str | dict) -> list[str]:
    return value["Fn::If"][1:] if isinstance(value, dict) else [value]
