"""Requests to S3: the operations that ministack implements, and bucket policies."""

from typing import Any

from mlops.localcloud.errors import not_implemented
from mlops.localcloud.validation import policies

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


def _query_names(operation: Any) -> set[str]:
    members = operation.input_shape.members.values() if operation.input_shape else ()
    modelled = {
        each.serialization.get("name") for each in members if each.serialization.get("location") == "querystring"
    }
    return modelled | operation.http_trait.query_args.keys()
