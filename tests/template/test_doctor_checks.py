"""`mlops doctor` in an account from which the repository releases: no problem, and each fault is found by its check."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from github.account import PROJECT, REGION, Account, open_account

from mlops import release
from mlops.aws.session import Session
from mlops.release.diagnosis.checks import CHECKS, examine
from mlops.release.diagnosis.findings import Finding
from mlops.release.repository import Repository

pytestmark = pytest.mark.acceptance

ALIAS = f"alias/{PROJECT}"
_READING = ("BatchGet", "Describe", "Get", "Head", "List")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account with foundation, roles, environments and stacks."""
    with open_account(tmp_path_factory.mktemp("doctor")) as opened:
        assert opened.foundation().returncode == 0
        opened.hub.add("users/octocat", 583231)
        assert opened.bootstrap("--reviewer", "octocat").returncode == 0
        opened.succeed("deploy")
        yield opened


@pytest.fixture
def repository(account: Account, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The repository as commands of this process see it."""
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(account.repository)
    return Repository(account.repository)


@pytest.fixture
def bucket(repository: Repository) -> str:
    return repository.bucket


def examined(repository: Repository, name: str) -> list[Finding]:
    [check] = [each for each in CHECKS if each.name == name]
    return examine(repository, check, has_credentials=True)


def problems(repository: Repository, name: str) -> str:
    """The problems that one check finds, with what to do."""
    return "\n".join(f"{each.detail} {each.remedy}" for each in examined(repository, name) if each.state == "problem")


@contextmanager
def broken(fault: Callable[[], object], mend: Callable[[], object]) -> Iterator[None]:
    fault()
    try:
        yield
    finally:
        mend()


def test_an_account_from_which_the_repository_releases_has_no_problem(account: Account) -> None:
    done = account.mlops("doctor", "--json")
    findings = json.loads(done.stdout)
    assert [each for each in findings if each["state"] == "problem"] == []
    assert {each["check"] for each in findings if each["state"] == "unknown"} == {"quotas"}
    assert {each["check"] for each in findings} == {each.name for each in CHECKS}
    assert done.returncode == 0


def test_it_only_reads(repository: Repository) -> None:
    operations: set[str] = set()

    def record(model: Any, **_: object) -> None:
        operations.add(model.name)

    repository.session._boto.events.register("before-call", record)
    release.result(release.diagnose(repository))
    assert len(operations) > 10
    assert [each for each in operations if not each.startswith(_READING)] == []


def test_a_missing_identity_provider_is_a_problem(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.new_account().environment.items():
        monkeypatch.setenv(name, value)
    # As if the account were one of AWS: a local cloud needs no identity provider.
    monkeypatch.setattr(Session, "is_local", False)
    empty = Repository(account.repository)
    assert "has no identity provider of GitHub" in problems(empty, "identity provider")
    assert f"make foundation AWS_REGION={REGION}" in problems(empty, "logs of the API")


def test_an_identity_provider_for_another_audience_is_a_problem(account: Account, repository: Repository) -> None:
    iam = account.client("iam")
    [found] = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    url = f"https://{found['Arn'].partition('oidc-provider/')[2]}"

    def replace(audience: str) -> None:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=found["Arn"])
        iam.create_open_id_connect_provider(Url=url, ClientIDList=[audience])

    with broken(lambda: replace("another"), lambda: replace("sts.amazonaws.com")):
        assert "add-client-id-to-open-id-connect-provider" in problems(repository, "identity provider")


def test_a_role_that_trusts_another_repository_is_a_problem(account: Account, repository: Repository) -> None:
    iam, name = account.client("iam"), f"{PROJECT}-github-approval"
    good = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    bad = json.loads(json.dumps(good).replace(f"{PROJECT}@2002", f"{PROJECT}@9999"))
    assert bad != good
    with broken(
        lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(bad)),
        lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(good)),
    ):
        assert f"The role {name}: it trusts repo:example@1001/{PROJECT}@9999" in problems(
            repository, "roles of workflows"
        )
    assert problems(repository, "roles of workflows") == ""


def test_roles_for_a_repository_that_was_renamed_are_a_problem(account: Account, repository: Repository) -> None:
    file = account.hub.folder / "api" / f"repos/{account.hub.full_name}.json"
    good = file.read_text()
    renamed = json.dumps({**json.loads(good), "full_name": "example/renamed"})
    with broken(lambda: file.write_text(renamed), lambda: file.write_text(good)):
        assert f"The name of {account.hub.full_name} on GitHub is example/renamed" in problems(
            repository, "roles of workflows"
        )


def test_without_gh_what_is_on_github_is_not_checked(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("mlops.github.repositories._API", "http://127.0.0.1:9")
    for name in ("roles of workflows", "variables on GitHub", "environments on GitHub"):
        [finding] = examined(repository, name)
        assert finding.state == "unknown" and "gh" in finding.remedy


def test_what_gh_may_not_read_is_not_checked(account: Account, repository: Repository) -> None:
    error = account.hub.folder / "api" / f"repos/{account.hub.full_name}/environments/production.error"
    with broken(lambda: account.hub.fail("/environments/production", "gh: HTTP 403"), error.unlink):
        findings = examined(repository, "environments on GitHub")
        assert [each.state for each in findings] == ["unknown"]
        assert "HTTP 403" in findings[0].detail


ENVIRONMENTS = {
    "no reviewers": ({"required": False}, "has no required reviewers"),
    "authors approve": ({"required": True, "prevent_self_review": False}, "authors can approve their own change"),
    "administrators skip": ({"required": True, "can_admins_bypass": True}, "administrators can skip the review"),
}


@pytest.mark.parametrize(("settings", "words"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_environment_without_a_review_that_binds_everybody_is_a_problem(
    account: Account, repository: Repository, settings: dict[str, bool], words: str
) -> None:
    with broken(
        lambda: account.hub.set_reviewers("destroy", **settings),
        lambda: account.hub.set_reviewers("destroy", required=True),
    ):
        found = problems(repository, "environments on GitHub")
        assert f"The environment destroy: {words}" in found.replace("it has", "has")
        assert f"https://github.com/{account.hub.full_name}/settings/environments" in found


def test_an_environment_that_is_open_to_all_or_missing_is_a_problem(account: Account, repository: Repository) -> None:
    file = account.hub.folder / "api" / f"repos/{account.hub.full_name}/environments/rollback.json"
    good = file.read_text()
    with broken(lambda: account.hub.make("rollback"), lambda: file.write_text(good)):
        assert "every branch may deploy to it" in problems(repository, "environments on GitHub")
    with broken(file.unlink, lambda: file.write_text(good)):
        assert "There is no environment rollback" in problems(repository, "environments on GitHub")


def test_a_variable_that_names_another_role_is_a_problem(account: Account, repository: Repository) -> None:
    file = account.hub.folder / "api" / f"repos/{account.hub.full_name}/actions/variables/RELEASE_ROLE_ARN.json"
    good = file.read_text()
    other = json.dumps({"name": "RELEASE_ROLE_ARN", "value": "arn:aws:iam::999999999999:role/x"})
    with broken(lambda: file.write_text(other), lambda: file.write_text(good)):
        assert "RELEASE_ROLE_ARN on GitHub is arn:aws:iam::999999999999:role/x" in problems(
            repository, "variables on GitHub"
        )


def test_a_bucket_that_was_deleted_is_a_problem(account: Account, repository: Repository, bucket: str) -> None:
    s3 = account.client("s3")
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]

    def create() -> None:
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)

    with broken(lambda: s3.delete_bucket(Bucket=bucket), create):
        assert f"This account has no bucket {bucket}" in problems(repository, "bucket")
        assert [each.state for each in examined(repository, "versions of the bucket")] == ["unknown"]


def test_a_bucket_without_versions_is_a_problem(account: Account, repository: Repository, bucket: str) -> None:
    s3 = account.client("s3")

    def versioning(status: str) -> None:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    with broken(lambda: versioning("Suspended"), lambda: versioning("Enabled")):
        assert "does not keep versions" in problems(repository, "versions of the bucket")


def test_a_bucket_with_another_encryption_is_a_problem(account: Account, repository: Repository, bucket: str) -> None:
    s3 = account.client("s3")
    good = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    with broken(
        lambda: s3.delete_bucket_encryption(Bucket=bucket),
        lambda: s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=good),
    ):
        assert "is encrypted by AES256" in problems(repository, "encryption of the bucket")


def test_a_bucket_that_may_be_public_is_a_problem(account: Account, repository: Repository, bucket: str) -> None:
    s3 = account.client("s3")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]

    def put(**changes: bool) -> None:
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block | changes)

    with broken(lambda: put(BlockPublicPolicy=False), put):
        assert "does not block public access: BlockPublicPolicy is off" in problems(
            repository, "public access to the bucket"
        )
    with broken(lambda: s3.delete_public_access_block(Bucket=bucket), put):
        assert "does not block public access" in problems(repository, "public access to the bucket")


def test_a_key_that_is_disabled_or_about_to_be_deleted_is_a_problem(account: Account, repository: Repository) -> None:
    kms = account.client("kms")
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
    with broken(lambda: kms.disable_key(KeyId=key), lambda: kms.enable_key(KeyId=key)):
        assert f"{ALIAS} is in Disabled" in problems(repository, "key")
        assert f"aws kms enable-key --key-id {key}" in problems(repository, "key")

    def restore() -> None:
        kms.cancel_key_deletion(KeyId=key)
        kms.enable_key(KeyId=key)

    with broken(lambda: kms.schedule_key_deletion(KeyId=key), restore):
        assert f"aws kms cancel-key-deletion --key-id {key}" in problems(repository, "key")


def test_an_address_that_has_not_confirmed_is_a_problem(account: Account, repository: Repository) -> None:
    project = account.repository / "configuration" / "project.json"
    good = project.read_text()
    with broken(
        lambda: account.edit(
            "configuration/project.json", lambda data: data.update(notification_email="new@example.org")
        ),
        lambda: project.write_text(good),
    ):
        assert "new@example.org has not confirmed" in problems(Repository(account.repository), "mail")


def test_a_stack_that_failed_or_is_missing_is_a_problem(account: Account, repository: Repository) -> None:
    cloudformation, name = account.client("cloudformation"), f"{PROJECT}-test"
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"NoSuchProperty": 1}}}}
    with broken(
        lambda: _wait(cloudformation, name, json.dumps(template)),
        lambda: cloudformation.delete_stack(StackName=name),
    ):
        assert f"describe-stack-events --stack-name {name}" in problems(repository, "stacks")
    cloudformation.delete_stack(StackName=f"{PROJECT}-pipeline")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=f"{PROJECT}-pipeline",
        WaiterConfig={"Delay": 0.1},  # type: ignore[typeddict-item]
    )
    try:
        assert f"There is no stack {PROJECT}-pipeline. Run: mlops deploy" in problems(repository, "stacks")
    finally:
        account.succeed("deploy")


def test_boundaries_of_another_template_are_a_problem(account: Account, repository: Repository) -> None:
    file = account.repository / "infra" / "boundaries.yml"
    good = file.read_text()
    with broken(
        lambda: file.write_text(good.replace("Description: ", "Description: Changed - ", 1)),
        lambda: file.write_text(good),
    ):
        assert "has another template than infra/boundaries.yml. Run: mlops bootstrap" in problems(
            repository, "templates"
        )


def test_an_image_that_is_gone_is_a_problem(account: Account, repository: Repository) -> None:
    cloudformation, name = account.client("cloudformation"), f"{PROJECT}-production"
    uri = f"{repository.session.account}.dkr.ecr.{REGION}.amazonaws.com/{PROJECT}@sha256:{'0' * 64}"
    template = {"Parameters": {"Image": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    with broken(
        lambda: _wait(cloudformation, name, json.dumps(template), Image=uri),
        lambda: cloudformation.delete_stack(StackName=name),
    ):
        assert f"There is no image {uri}" in problems(repository, "image")


def _wait(cloudformation: Any, name: str, template: str, **parameters: str) -> None:
    """Create a stack and wait for its end, whatever it is."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    cloudformation.create_stack(StackName=name, TemplateBody=template, Parameters=given)
    while cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("_IN_PROGRESS"):
        pass
