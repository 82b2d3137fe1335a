"""Whose credentials the local cloud accepts, and that its files are for its owner's eyes only."""

import json
import os
import re
import stat
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from harness import Cloud, start_cloud

UNKNOWN_KEYS = ["test", "000000000000", "123456789012", "AKIAIOSFODNN7EXAMPLE"]


def code(cloud: Cloud, service: str, operation: str, key: str, secret: str) -> str:
    with pytest.raises(ClientError) as refusal:
        getattr(cloud.client(service, {"AccessKeyId": key, "SecretAccessKey": secret}), operation)()
    return refusal.value.response["Error"]["Code"]


@pytest.mark.parametrize("key", UNKNOWN_KEYS)
@pytest.mark.parametrize("secret", ["test", "anything"])
def test_unknown_keys_are_refused_with_the_error_of_each_service(cloud: Cloud, key: str, secret: str) -> None:
    assert code(cloud, "sts", "get_caller_identity", key, secret) == "InvalidClientTokenId"
    assert code(cloud, "iam", "list_users", key, secret) == "InvalidClientTokenId"
    assert code(cloud, "cloudformation", "list_stacks", key, secret) == "InvalidClientTokenId"
    assert code(cloud, "s3", "list_buckets", key, secret) == "InvalidAccessKeyId"
    for service, operation in (("codebuild", "list_projects"), ("codepipeline", "list_pipelines")):
        assert code(cloud, service, operation, key, secret) == "UnrecognizedClientException"


def test_its_key_with_another_secret_is_refused(cloud: Cloud) -> None:
    key = cloud.environment["AWS_ACCESS_KEY_ID"]
    assert code(cloud, "sts", "get_caller_identity", key, "wrong") == "SignatureDoesNotMatch"
    assert code(cloud, "s3", "list_buckets", key, "wrong") == "SignatureDoesNotMatch"
    assert code(cloud, "codebuild", "list_projects", key, "wrong") == "InvalidSignatureException"


def test_its_credentials_are_those_of_a_user_who_may_do_everything(cloud: Cloud) -> None:
    assert cloud.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/administrator"
    attached = cloud.client("iam").list_attached_user_policies(UserName="administrator")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AdministratorAccess"]


def test_a_role_that_only_a_service_may_assume_is_not_the_users(cloud: Cloud, role_arn: str) -> None:
    with pytest.raises(ClientError, match="user/administrator is not authorized to perform: sts:AssumeRole"):
        cloud.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="me")


def test_a_deactivated_key_is_refused(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="leaver")
    key = iam.create_access_key(UserName="leaver")["AccessKey"]
    iam.update_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    credentials = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        cloud.client("sts", credentials).get_caller_identity()


def test_an_account_that_is_added_is_entered_by_its_role(cloud: Cloud) -> None:
    added = cloud.client("organizations").create_account(Email="someone@example.org", AccountName="other")
    account = added["CreateAccountStatus"]["AccountId"]
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    assumed = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    assert cloud.client("sts", assumed).get_caller_identity()["Account"] == account
    cloud.client("sns", assumed).create_topic(Name="there")
    assert ":there" not in json.dumps(cloud.client("sns").list_topics()["Topics"])


def test_two_clouds_have_different_credentials(cloud: Cloud, tmp_path: Path) -> None:
    other = start_cloud(tmp_path)
    try:
        own, its = cloud.environment, other.environment
        assert own["AWS_ACCESS_KEY_ID"] != its["AWS_ACCESS_KEY_ID"]
        assert re.fullmatch(r"[0-9a-f]{40}", its["AWS_SECRET_ACCESS_KEY"])
        key, secret = its["AWS_ACCESS_KEY_ID"], its["AWS_SECRET_ACCESS_KEY"]
        assert code(cloud, "sts", "get_caller_identity", key, secret) == "InvalidClientTokenId"
    finally:
        other.process.stdin.close()
        other.process.wait(30)


def test_files_of_a_cloud_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "cloud"
    directory.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        running = start_cloud(directory)
    finally:
        os.umask(before)
    try:
        running.client("s3").create_bucket(Bucket="own-eyes")
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        written = [path for path in directory.rglob("*") if path.name != "server.log"]
        assert {"cloud.json", "request-token"} <= {path.name for path in written}
        assert [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    finally:
        running.process.stdin.close()
        running.process.wait(30)
