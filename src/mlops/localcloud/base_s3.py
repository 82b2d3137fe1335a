"""ministack's S3: the operations that it implements, and the key for aws:kms without a key id."""

import json
from typing import Any

from mlops.localcloud import policies
from mlops.localcloud.base import account, region
from mlops.localcloud.errors import not_implemented

_ALIAS = "alias/aws/s3"
_SSE, _KEY = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"

# The operations that ministack's dispatch knows. It takes any other for a plain GET, PUT or DELETE of the path.
_OF_OBJECTS = """
    AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject DeleteObjectTagging
    DeleteObjects GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging
    HeadObject ListMultipartUploads ListObjects ListObjectsV2 ListObjectVersions ListParts PutObject PutObjectAcl
    PutObjectLegalHold PutObjectRetention PutObjectTagging RestoreObject UploadPart UploadPartCopy
"""
_OF_BUCKETS = """
    CreateBucket DeleteBucket DeleteBucketCors DeleteBucketEncryption DeleteBucketLifecycle
    DeleteBucketOwnershipControls DeleteBucketPolicy DeleteBucketReplication DeleteBucketTagging DeleteBucketWebsite
    DeletePublicAccessBlock GetBucketAccelerateConfiguration GetBucketAcl GetBucketCors GetBucketEncryption
    GetBucketLifecycle GetBucketLifecycleConfiguration GetBucketLocation GetBucketLogging GetBucketNotification
    GetBucketNotificationConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketReplication
    GetBucketTagging GetBucketVersioning GetBucketWebsite GetObjectLockConfiguration GetPublicAccessBlock HeadBucket
    ListBuckets PutBucketAccelerateConfiguration PutBucketAcl PutBucketCors PutBucketEncryption PutBucketLifecycle
    PutBucketLifecycleConfiguration PutBucketLogging PutBucketNotification PutBucketNotificationConfiguration
    PutBucketOwnershipControls PutBucketPolicy PutBucketReplication PutBucketRequestPayment PutBucketTagging
    PutBucketVersioning PutBucketWebsite PutObjectLockConfiguration PutPublicAccessBlock
"""
_IMPLEMENTED = frozenset((_OF_OBJECTS + _OF_BUCKETS).split())


def check(request: dict[str, Any]) -> None:
    """Refuse an operation or a sub-resource that ministack does not implement, and a malformed bucket policy."""
    operation = request["operation"]
    if operation is None:
        return
    if operation.name not in _IMPLEMENTED:
        raise not_implemented(f"The local cloud does not implement s3 {operation.name}")
    for name, values in request["query"].items():
        if values == [""] and name not in _query_names(operation):
            raise not_implemented(f"The local cloud does not implement the sub-resource ?{name} of S3")
    if operation.name == "PutBucketPolicy":
        policies.require_bucket_policy(request["body"].decode("utf-8", "replace"))


def use_managed_key() -> None:
    """Encrypt with the account's key aws/s3 where a request has aws:kms and no key id, as AWS does."""
    from ministack.services import kms, s3

    describe = kms._key_metadata
    resolve, default = s3._resolve_sse_write_headers, s3._bucket_default_sse_headers

    def resolved(headers: dict, bucket: str) -> tuple:
        return resolve(_with_key(headers), bucket)

    def described(key: dict) -> dict:
        manager = {"KeyManager": "AWS"} if key["KeyId"] == kms._aliases.get(_alias()) else {}
        return describe(key) | manager

    kms._key_metadata = described
    s3._resolve_sse_write_headers = resolved
    s3._bucket_default_sse_headers = lambda bucket: _with_key(default(bucket))


def _with_key(headers: dict) -> dict:
    if headers.get(_SSE) != "aws:kms" or headers.get(_KEY):
        return headers
    return {**headers, _KEY: _managed_key()}


def _managed_key() -> str:
    """The ARN of the account's key alias/aws/s3, made at its first use."""
    from ministack.services import kms

    if _alias() not in kms._aliases:
        description = "Default key that protects my S3 objects when no other key is defined"
        _, _, created = kms._create_key({"Description": description})
        kms._create_alias({"AliasName": _ALIAS, "TargetKeyId": json.loads(created)["KeyMetadata"]["KeyId"]})
    return kms._keys[kms._aliases[_alias()]]["Arn"]


def _alias() -> str:
    return f"arn:aws:kms:{region()}:{account()}:{_ALIAS}"


def _query_names(operation: Any) -> set[str]:
    members = operation.input_shape.members.values() if operation.input_shape else ()
    modelled = {
        each.serialization.get("name") for each in members if each.serialization.get("location") == "querystring"
    }
    return modelled | operation.http_trait.query_args.keys()
