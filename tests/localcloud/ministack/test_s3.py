"""S3: unsupported operations are refused by name; objects without a key id are encrypted with the managed key."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from harness import Cloud


@pytest.fixture
def own_bucket(cloud: Cloud) -> Iterator[str]:
    name = f"bucket-{uuid4().hex[:8]}"
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    yield name
    for each in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


CALLS = {
    "update_object_encryption": {
        "Key": "k",
        "ObjectEncryption": {"SSEKMS": {"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/1"}},
    },
    "rename_object": {"Key": "k2", "RenameSource": "k"},
    "put_bucket_abac": {"AbacStatus": {"Status": "Enabled"}},
    "put_bucket_metrics_configuration": {"Id": "all", "MetricsConfiguration": {"Id": "all"}},
    "get_bucket_metrics_configuration": {"Id": "all"},
    "list_bucket_inventory_configurations": {},
    "get_bucket_request_payment": {},
    "create_session": {},
}


@pytest.mark.parametrize("operation", CALLS)
def test_an_unsupported_operation_is_refused_by_name(cloud: Cloud, own_bucket: str, operation: str) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=own_bucket, Key="k", Body=b"kept")
    named = operation.title().replace("_", "")
    with pytest.raises(ClientError, match=f"does not implement s3 {named}") as refused:
        getattr(s3, operation)(Bucket=own_bucket, **CALLS[operation])
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert s3.get_object(Bucket=own_bucket, Key="k")["Body"].read() == b"kept"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=own_bucket)["Contents"]] == ["k"]


def test_a_refused_operation_creates_no_bucket(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    with pytest.raises(ClientError, match="PutBucketAbac"):
        s3.put_bucket_abac(Bucket="never-made", AbacStatus={"Status": "Enabled"})
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket="never-made")


def test_unknown_sub_resource_is_refused_by_name(cloud: Cloud, own_bucket: str) -> None:
    s3 = cloud.client("s3")
    s3.meta.events.register("before-sign.s3.PutObject", _with_sub_resource)
    with pytest.raises(ClientError, match=r"sub-resource \?ofTheFuture"):
        s3.put_object(Bucket=own_bucket, Key="k", Body=b"x")
    assert "Contents" not in s3.list_objects_v2(Bucket=own_bucket)


def _with_sub_resource(request, **_) -> None:
    request.url += "?ofTheFuture"


def test_an_upload_without_a_key_is_encrypted_with_the_managed_key(cloud: Cloud, own_bucket: str) -> None:
    s3, kms = cloud.client("s3"), cloud.client("kms")
    put = s3.put_object(Bucket=own_bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    head = s3.head_object(Bucket=own_bucket, Key="k")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", put["SSEKMSKeyId"])
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert managed["Arn"] == put["SSEKMSKeyId"]
    assert managed["KeyManager"] == "AWS"
    upload = s3.create_multipart_upload(Bucket=own_bucket, Key="parts", ServerSideEncryption="aws:kms")
    assert upload["SSEKMSKeyId"] == managed["Arn"]
    s3.abort_multipart_upload(Bucket=own_bucket, Key="parts", UploadId=upload["UploadId"])


def test_a_bucket_default_without_a_key_uses_the_managed_key(cloud: Cloud, own_bucket: str) -> None:
    s3 = cloud.client("s3")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=own_bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    put = s3.put_object(Bucket=own_bucket, Key="k", Body=b"x")
    assert put["SSEKMSKeyId"] == cloud.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]


@pytest.mark.parametrize("document", ['{"x": 1}', "{garbage", '{"Statement": [{"Effect": "Perhaps"}]}'])
def test_a_malformed_bucket_policy_is_refused(cloud: Cloud, own_bucket: str, document: str) -> None:
    s3 = cloud.client("s3")
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_policy(Bucket=own_bucket, Policy=document)
    assert refused.value.response["Error"]["Code"] == "MalformedPolicy"
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=own_bucket)


def test_a_bucket_policy_is_accepted(cloud: Cloud, own_bucket: str) -> None:
    s3 = cloud.client("s3")
    resources = [f"arn:aws:s3:::{own_bucket}", f"arn:aws:s3:::{own_bucket}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    statement["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=own_bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=own_bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=own_bucket)


def test_keys_with_signs_of_a_query_are_no_sub_resources(cloud: Cloud, own_bucket: str) -> None:
    s3 = cloud.client("s3")
    for key in ("a?tagging", "a b/ü%2F+&=#", "metrics"):
        s3.put_object(Bucket=own_bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=own_bucket, Key=key)["Body"].read() == key.encode()
