"""The template in SageMaker Studio: `make studio` offers it, and a user of Studio creates a project and unpacks it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from baking import TEMPLATE, bake, files
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from commits import clone_template, git
from github.account import REGION, Account, open_account
from studio_domain import Domain, serve
from waiting import until

pytestmark = pytest.mark.acceptance

BIN = Path(sys.executable).parent
# The environment of these tests in place of one that make would install; its requirements are not compared.
ENVIRONMENT = (f"VENV={BIN.parent}", "--old-file", f"{BIN.parent / '.installed'}")
ANSWERS = {"NotificationEmail": "team@example.org", "GithubOwner": "octo-org"}
SETTLED = ("_COMPLETE", "_FAILED")


@dataclass
class Studio:
    """An account whose domain of Studio has the template."""

    account: Account
    domain: Domain
    template: Path

    @property
    def environment(self) -> dict[str, str]:
        """For commands of the account's administrator, with SageMaker's domain."""
        return {**self.account.environment, "AWS_ENDPOINT_URL_SAGEMAKER": self.domain.url}

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the documented command in the template's clone."""
        command = ["make", *words, *ENVIRONMENT]
        return subprocess.run(command, cwd=self.template, env=self.environment, capture_output=True, text=True)

    def outputs(self, stack: str = "mlops-studio") -> dict[str, str]:
        (described,) = self.account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}

    def user(self) -> dict[str, str]:
        """Credentials of a user of Studio: the domain's role, with what `make studio` has given it and nothing else."""
        role = self.account.client("sts").assume_role(RoleArn=self.domain.role_arn, RoleSessionName="user")
        return {
            "AWS_ACCESS_KEY_ID": role["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": role["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": role["Credentials"]["SessionToken"],
        }

    def client(self, service: str) -> BaseClient:
        """A client with the permissions of a user of Studio."""
        credentials = {name.lower(): value for name, value in self.user().items()}
        return boto3.client(service, endpoint_url=self.account.url, region_name=REGION, **credentials)

    def create(self, project: str, stack: str, **parameters: str) -> str:
        """Create a project as SageMaker does for its user; return the status in which its stack ends."""
        cloudformation = self.client("cloudformation")
        values = {"SageMakerProjectName": project, "SageMakerProjectId": f"p-{stack}", **ANSWERS, **parameters}
        cloudformation.create_stack(
            StackName=f"SP-{stack}",
            TemplateURL=f"https://s3.{REGION}.amazonaws.com/{self.outputs()['Bucket']}/templates/commit-to-production.yml",
            RoleARN=self.outputs()["LaunchRoleArn"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
            Tags=[{"Key": "sagemaker:project-name", "Value": project}],
        )
        return self.ended(stack)

    def ended(self, stack: str, before: str = "") -> str:
        """The status in which a change of a project's stack ends; `before` is the one in which it began."""
        cloudformation = self.client("cloudformation")

        def status() -> str | None:
            (described,) = cloudformation.describe_stacks(StackName=f"SP-{stack}")["Stacks"]
            found: str = described["StackStatus"]
            return found if found.endswith(SETTLED) and found != before else None

        return until(status)

    def reasons(self, stack: str) -> str:
        """Why changes of the stack's resources have failed."""
        events = self.account.client("cloudformation").describe_stack_events(StackName=f"SP-{stack}")["StackEvents"]
        return "\n".join(each.get("ResourceStatusReason", "") for each in events)

    def archives(self) -> set[str]:
        bucket = self.outputs()["Bucket"]
        found = self.account.client("s3").list_objects_v2(Bucket=bucket, Prefix="projects/")
        return {each["Key"] for each in found.get("Contents", [])}


def role_of_users(account: Account) -> str:
    iam = account.client("iam")
    principal = {"AWS": f"arn:aws:iam::{account.client('sts').get_caller_identity()['Account']}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(Path="/service-role/", RoleName="Studio-ExecutionRole", AssumeRolePolicyDocument=trust)
    arn: str = role["Role"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    home = tmp_path_factory.mktemp("studio")
    template = clone_template(home / "template")
    git(template, "add", "--all")
    git(template, "commit", "--quiet", "--allow-empty", "--message", "The working tree")
    # Where generated repositories are updated from, with the token of the person who has cloned it.
    git(template, "remote", "set-url", "origin", "https://octocat:a-token@github.com/org/template")
    with open_account(home) as account:
        domain = Domain(role_of_users(account))
        with serve(domain):
            offered = Studio(account, domain, template)
            done = offered.make("studio", "DOMAIN=d-abcdefghijkl")
            assert done.returncode == 0, done.stdout + done.stderr
            yield offered


def documented() -> list[str]:
    """The commands of the page for Studio, those of the platform engineer and then the data scientist's."""
    text = (TEMPLATE / "docs" / "studio.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


def unpack(studio: Studio, project: str, folder: Path) -> Path:
    """Run the page's command for Studio's terminal, with the account in place of the example's."""
    (command,) = [line for line in documented() if line.startswith("aws s3 cp")]
    example = re.search(r"mlops-[\w-]+-studio/projects/[\w-]+\.tar\.gz", command)
    assert example
    own = f"{studio.outputs()['Bucket']}/projects/{project}.tar.gz"
    environment = {**studio.account.environment, **studio.user()}
    environment["PATH"] = f"{BIN}:{environment['PATH']}"
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command.replace(example[0], own)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / project


def test_the_documented_command_is_the_one_that_offered_the_template() -> None:
    assert "make studio DOMAIN=d-abcdefghijkl" in documented()


def test_studio_finds_the_template_by_tags_and_may_read_it_in_the_browser(studio: Studio) -> None:
    bucket = studio.outputs()["Bucket"]
    assert studio.domain.tags == {"sagemaker:projectS3TemplatesLocation": f"s3://{bucket}/templates/"}
    s3 = studio.client("s3")
    (template,) = s3.list_objects_v2(Bucket=bucket, Prefix="templates/")["Contents"]
    tags = s3.get_object_tagging(Bucket=bucket, Key=template["Key"])["TagSet"]
    assert tags == [{"Key": "sagemaker:studio-visibility", "Value": "true"}]
    offered = s3.get_object(Bucket=bucket, Key=template["Key"])["Body"].read()
    assert offered == (studio.template / "infra" / "studio-project.yml").read_bytes()
    (rule,) = studio.account.client("s3").get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert rule["AllowedOrigins"] == ["https://*.sagemaker.aws"] and "GET" in rule["AllowedMethods"]


def test_a_project_gives_its_user_the_generated_repository(studio: Studio, tmp_path: Path) -> None:
    assert studio.create("fares", "fares") == "CREATE_COMPLETE", studio.reasons("fares")
    bucket = studio.outputs()["Bucket"]
    assert studio.outputs("SP-fares")["Archive"] == f"s3://{bucket}/projects/fares.tar.gz"
    tags = studio.account.client("s3").get_object_tagging(Bucket=bucket, Key="projects/fares.tar.gz")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "sagemaker:project-name": "fares",
        "sagemaker:project-id": "p-fares",
    }

    repository = unpack(studio, "fares", tmp_path / "terminal")

    generated = files(repository)
    source = json.loads(generated.pop(".cruft.json"))
    answers = {
        "project": "fares",
        "region": REGION,
        "notification_email": "team@example.org",
        "github_owner": "octo-org",
        "github_repository": "fares",
    }
    assert generated == files(bake(tmp_path / "plain", studio.template, **answers))
    assert source["template"] == "https://github.com/org/template"
    assert source["commit"] == git(studio.template, "rev-parse", "HEAD")
    checked = subprocess.run(
        [sys.executable, "-m", "mlops", "check"],
        cwd=repository,
        env=studio.account.environment,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_function_needs_nothing_but_its_package(studio: Studio, tmp_path: Path) -> None:
    """Lambda has Python and boto3. Here Python runs without any installed package, and without a home."""
    s3, bucket = studio.account.client("s3"), studio.outputs()["Bucket"]
    (key,) = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="functions/")["Contents"]]
    with zipfile.ZipFile(BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) as package:
        assert [name for name in package.namelist() if name.endswith((".so", ".pyd"))] == []
        package.extractall(tmp_path / "package")
    program = (
        "import json, pathlib, sys; sys.path.insert(0, sys.argv[1]); import studio_function as function; "
        "pathlib.Path(sys.argv[3]).write_bytes(function.generate(function.answers(json.loads(sys.argv[2]))))"
    )
    generated = tmp_path / "generated.tar.gz"
    properties = {"ProjectName": "fares", "Model": "tips", "GithubRepository": "", "License": "MIT", **ANSWERS}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, tmp_path / "package", json.dumps(properties), generated],
        env={"AWS_REGION": REGION, "HOME": "/nonexistent"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    with tarfile.open(generated) as archive:
        assert "fares/configuration/project.json" in archive.getnames()


def test_cruft_follows_a_repository_from_studio(studio: Studio, tmp_path: Path) -> None:
    assert studio.create("updated", "updated") == "CREATE_COMPLETE", studio.reasons("updated")
    repository = unpack(studio, "updated", tmp_path)
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "The files of the project")
    # The clone in place of GitHub.
    record = json.loads((repository / ".cruft.json").read_text())
    (repository / ".cruft.json").write_text(json.dumps({**record, "template": str(studio.template)}))
    compared = subprocess.run(
        [sys.executable, "-m", "cruft", "diff", "--exit-code"], cwd=repository, capture_output=True, text=True
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr


def test_a_deleted_project_takes_its_archive_with_it(studio: Studio) -> None:
    assert studio.create("deleted", "deleted") == "CREATE_COMPLETE", studio.reasons("deleted")
    assert "projects/deleted.tar.gz" in studio.archives()
    studio.client("cloudformation").delete_stack(StackName="SP-deleted")
    until(lambda: "projects/deleted.tar.gz" not in studio.archives())


def test_an_update_of_a_project_generates_its_archive_again(studio: Studio, tmp_path: Path) -> None:
    assert studio.create("changed", "changed") == "CREATE_COMPLETE", studio.reasons("changed")
    values = {"SageMakerProjectName": "changed", "SageMakerProjectId": "p-changed", **ANSWERS, "Model": "tips"}
    studio.client("cloudformation").update_stack(
        StackName="SP-changed",
        UsePreviousTemplate=True,
        RoleARN=studio.outputs()["LaunchRoleArn"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
    )
    assert studio.ended("changed", before="CREATE_COMPLETE") == "UPDATE_COMPLETE", studio.reasons("changed")
    repository = unpack(studio, "changed", tmp_path)
    assert json.loads((repository / "configuration" / "project.json").read_text())["model"] == "tips"


def test_a_stack_cannot_replace_or_delete_the_archive_of_another_project(studio: Studio) -> None:
    assert studio.create("first", "first") == "CREATE_COMPLETE", studio.reasons("first")
    head: dict[str, Any] = {"Bucket": studio.outputs()["Bucket"], "Key": "projects/first.tar.gz"}
    before = studio.account.client("s3").head_object(**head)["ETag"]
    assert studio.create("first", "second").startswith("ROLLBACK_")
    assert "is of another project. Choose another name." in studio.reasons("second")
    assert studio.account.client("s3").head_object(**head)["ETag"] == before


@pytest.mark.parametrize(
    ("stack", "project", "parameters", "message"),
    [
        ("reserved", "data", {}, "'data' is a folder of the bucket"),
        ("rendered", "rendered", {"NotificationEmail": "{{ 7 * 7 }}"}, "is not an e-mail address"),
        ("owned", "owned", {"GithubOwner": "-"}, "is no GitHub user or organisation"),
    ],
)
def test_what_the_template_refuses_fails_the_project_with_its_message(
    studio: Studio, stack: str, project: str, parameters: dict[str, str], message: str
) -> None:
    assert studio.create(project, stack, **parameters).startswith("ROLLBACK_")
    assert message in studio.reasons(stack)


def test_a_name_that_aws_would_refuse_later_is_refused_before_anything_starts(studio: Studio) -> None:
    with pytest.raises(ClientError, match="SageMakerProjectName"):
        studio.create("Fares", "upper-case")


def test_a_user_of_studio_may_create_stacks_of_projects_only(studio: Studio) -> None:
    cloudformation, bucket = studio.client("cloudformation"), studio.outputs()["Bucket"]
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
    another = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
    with pytest.raises(ClientError, match="AccessDenied"):
        cloudformation.create_stack(StackName="another", TemplateBody=another)
    # With the launch role any template can be deployed, but it may create nothing.
    cloudformation.create_stack(StackName="SP-topic", TemplateBody=another, RoleARN=studio.outputs()["LaunchRoleArn"])
    assert studio.ended("topic").startswith("ROLLBACK_")
    assert "sns:CreateTopic" in studio.reasons("topic")
    with pytest.raises(ClientError, match="AccessDenied"):
        studio.client("s3").put_object(Bucket=bucket, Key="templates/another.yml", Body=b"")


def test_a_second_run_changes_nothing(studio: Studio) -> None:
    done = studio.make("studio", "DOMAIN=d-abcdefghijkl")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "it was up to date" in done.stdout


def test_a_domain_with_templates_elsewhere_is_left_alone(studio: Studio) -> None:
    before = dict(studio.domain.tags)
    studio.domain.tags["sagemaker:projectS3TemplatesLocation"] = "s3://another/"
    try:
        done = studio.make("studio", "DOMAIN=d-abcdefghijkl")
        assert "s3://another/" in done.stderr and "Remove that tag" in done.stderr
        assert studio.domain.tags == {"sagemaker:projectS3TemplatesLocation": "s3://another/"}
    finally:
        studio.domain.tags = before


def test_a_command_without_a_domain_is_refused(studio: Studio) -> None:
    done = studio.make("studio")
    assert done.returncode != 0
    assert "make studio DOMAIN=" in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_domain_is_refused(studio: Studio) -> None:
    done = studio.make("studio", "DOMAIN=d-zzzzzzzzzzzz")
    assert done.returncode != 0
    assert "No such domain" in done.stderr and "Traceback" not in done.stderr


def test_the_local_cloud_refuses_service_catalog_by_name(studio: Studio) -> None:
    assert "make studio DOMAIN=d-abcdefghijkl CATALOG=yes" in documented()
    done = studio.make("studio", "DOMAIN=d-abcdefghijkl", "CATALOG=yes")
    assert done.returncode != 0
    assert "AWS::ServiceCatalog::" in done.stderr and "Traceback" not in done.stderr
