"""Error messages when AWS refuses or fails."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from settings import REGION

from mlops.aws.session import AWSError, Session, translate
from mlops.localcloud import ports
from mlops.localcloud.state import Running


def refused(code: str, message: str) -> AWSError:
    answer = {"Error": {"Code": code, "Message": message}}
    return translate(ClientError(answer, "StartPipelineExecution"), "CodePipeline", "StartPipelineExecution")


def test_missing_credentials_are_explained(repository: Path, mlops):
    result = mlops("status")
    assert result.exit_code == 2
    assert "No AWS credentials found" in result.output
    assert "mlops local up" in result.output
    assert "aws sso login" in result.output


@pytest.mark.parametrize("command", ["status", "start"])
def test_an_unknown_profile_is_named(repository: Path, mlops, monkeypatch: pytest.MonkeyPatch, command: str):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    result = mlops(command)
    assert result.exit_code == 2
    assert "'nobody'" in result.output


@pytest.mark.parametrize("command", ["status", "deploy"])
def test_a_region_that_aws_does_not_have_is_named(repository: Path, mlops, command: str):
    file = repository / "configuration" / "project.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "region": "eu-central-9"}))
    result = mlops(command)
    assert result.exit_code == 2
    assert 'configuration/project.json: region: found "eu-central-9"' in result.output
    assert "did you mean eu-central-" in result.output


def test_an_endpoint_that_is_no_url_is_refused(repository: Path, mlops, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "foo")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    result = mlops("status")
    assert result.exit_code == 2
    assert "AWS_ENDPOINT_URL" in result.output and "foo" in result.output


def test_an_unreachable_local_cloud_suggests_its_start(repository: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in Running("1", ports.free_port(), 0, REGION, "AKIA", "secret", False).environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AWSError, match=r"Is the local cloud running\? Run: mlops local up") as raised:
        Session(REGION).account  # noqa: B018
    assert raised.value.exit_code == 2


@pytest.fixture
def silent(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls reach a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for name, value in Running("1", port, 0, REGION, "AKIA", "secret", False).environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("mlops.aws.session._READ_TIMEOUT_SECONDS", {"sagemaker-runtime": 0.1, "sts": 0.1})
        yield


def test_an_endpoint_that_does_not_answer_in_time_is_named_with_the_time(silent):
    with pytest.raises(AWSError, match=r"^demo-test did not respond to InvokeEndpoint within 0\.1 s, nor") as raised:
        Session(REGION).client("sagemaker-runtime").invoke_endpoint(EndpointName="demo-test", Body=b"1")
    assert raised.value.exit_code == 1


def test_a_service_that_does_not_answer_in_time_is_named_with_its_address(silent):
    with pytest.raises(AWSError, match=r"^http://127\.0\.0\.1:\d+ did not respond to GetCallerIdentity within 0\.1 s"):
        Session(REGION).account  # noqa: B018


def test_a_denied_read_from_s3_names_the_missing_permission(session: Session):
    iam, sts = session.client("iam"), session.client("sts")
    account = sts.get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="reader", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
    )
    role = f"arn:aws:iam::{account}:role/reader"
    session.client("s3").create_bucket(Bucket="closed", CreateBucketConfiguration={"LocationConstraint": REGION})
    session.client("s3").put_object(Bucket="closed", Key="models/model.tar.gz", Body=b"x")
    iam.create_user(UserName="person")
    assumes = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [assumes]})
    iam.put_user_policy(UserName="person", PolicyName="assumes", PolicyDocument=policy)
    key = iam.create_access_key(UserName="person")["AccessKey"]
    own = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    person = boto3.client("sts", region_name=REGION, endpoint_url=sts.meta.endpoint_url, **own)
    credentials = person.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
        environment.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
        environment.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
        denied = Session(REGION)
        with pytest.raises(AWSError) as raised:
            denied.client("s3").download_file("closed", "models/model.tar.gz", "unused")
    assert str(raised.value).startswith(
        f"arn:aws:sts::{account}:assumed-role/reader/test may not read s3://closed/models/model.tar.gz: "
    )
    assert "s3:GetObject on arn:aws:s3:::closed/models/model.tar.gz" in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_denied_action_is_named_with_its_resource():
    error = refused(
        "AccessDeniedException",
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: "
        "codepipeline:StartPipelineExecution on resource: "
        "arn:aws:codepipeline:eu-central-1:123456789012:demo because no policy allows it",
    )
    assert str(error).startswith(
        "arn:aws:iam::123456789012:user/ann may not do codepipeline:StartPipelineExecution "
        "on arn:aws:codepipeline:eu-central-1:123456789012:demo"
    )
    assert error.exit_code == 2


def test_expired_credentials_explain_how_to_sign_in():
    error = refused("ExpiredTokenException", "The security token included in the request is expired")
    assert "aws sso login" in str(error)
    assert error.exit_code == 2


def test_any_other_refusal_keeps_its_message_and_code():
    error = refused("ConflictException", "Too late.")
    assert str(error) == "CodePipeline StartPipelineExecution: Too late. (ConflictException)"
    assert (error.code, error.exit_code) == ("ConflictException", 1)


def test_outside_of_a_repository_the_error_names_the_directory_to_change_to(tmp_path: Path, mlops, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = mlops("status")
    assert result.exit_code == 2
    assert "configuration/project.json" in result.output


def test_a_wrong_configuration_names_file_and_key(repository: Path, mlops):
    (repository / "configuration" / "qa.yml").write_text("users: many\n")
    result = mlops("start")
    assert result.exit_code == 2
    assert "configuration/qa.yml:1: users: found" in result.output


def test_a_fault_in_another_configuration_file_does_not_fail_status(repository: Path, mlops):
    (repository / "configuration" / "qa.yml").write_text("users: many\n")
    result = mlops("status")
    assert "No AWS credentials found" in result.output
    assert "qa.yml" not in result.output


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (("--set", "max_dept=6"), "did you mean max_depth"),
        (("--set", "max_depth=99"), 'found "99"; allowed: an integer, at least 1, at most 20'),
        (("--set", "eta=abc"), "allowed: a number, above 0, at most 1"),
        (("--tune", "--set", "max_depth=6"), "start without tuning"),
    ],
)
def test_a_fixed_hyperparameter_is_refused_first(repository: Path, mlops, words: tuple[str, ...], allowed: str):
    result = mlops("start", *words)
    assert result.exit_code == 2
    assert words[-1].partition("=")[0] in result.output and allowed in result.output
    assert "Preparing" not in result.output


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ('{"eta": 1e999}', "eta: found Infinity; allowed: a number, above 0, at most 1"),
        ('{"eta": "\\ud800"}', 'eta: found "\\ud800"; allowed: a number, above 0, at most 1'),
        ("[" * 100_000, "allowed: a JSON object"),
        ("9" * 5000, "allowed: a JSON object"),
    ],
    ids=["infinite", "half a character", "nested", "large"],
)
def test_hyperparameters_in_json_that_cannot_be_used_are_refused(repository: Path, mlops, text: str, allowed: str):
    result = mlops("start", "--hyperparameters", text)
    assert result.exit_code == 2
    assert allowed in result.output
    assert len(result.output) < 1000


def test_a_file_that_is_no_table_is_quoted_without_control_characters(repository: Path, mlops):
    (repository / "trips.csv").write_bytes(b"a,\x1b[2Jb\n" + bytes(range(256)) * 40)
    result = mlops("data", "prepare", "trips.csv")
    assert result.exit_code == 2
    assert "trips.csv" in result.output
    assert "\x1b" not in result.output and result.output.replace("\n", "").isprintable()
    assert len(result.output) < 1500


@pytest.mark.parametrize("words", [("data", "prepare", ""), ("start", "--data", "")])
def test_an_empty_name_of_data_is_refused(repository: Path, mlops, words: tuple[str, ...]):
    (repository / "trips.csv").write_text("a,b\n1,2\n")
    result = mlops(*words)
    assert result.exit_code == 2
    assert "an empty name" in result.output or "No AWS credentials" in result.output


def test_an_unexpected_error_leaves_its_traceback_in_a_file(repository: Path, mlops, monkeypatch):
    monkeypatch.setattr("mlops.configuration.load_project", lambda root: 1 / 0)
    result = mlops("status")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    (file,) = (repository / ".mlops" / "errors").iterdir()
    assert str(file.relative_to(repository)) in result.output
    assert "1 / 0" in file.read_text()


def test_an_unknown_command_is_a_wrong_input(mlops):
    assert mlops("relese").exit_code == 2
