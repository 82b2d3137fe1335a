"""ministack's S3: the key of aws:kms encryption without a key id."""

import json

from mlops.localcloud.ministack.scope import account, region

_ALIAS = "alias/aws/s3"
_SSE, _KEY = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"


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
