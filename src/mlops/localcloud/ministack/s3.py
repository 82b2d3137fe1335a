"""ministack's S3: the default key for requests with aws:kms and no key id, and the encryption of buckets in templates."""

import json
from xml.etree.ElementTree import Element, SubElement, tostring

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


def encrypt_buckets_of_templates() -> None:
    """Make CloudFormation set BucketEncryption, which ministack leaves out."""
    from ministack.services import s3
    from ministack.services.cloudformation import provisioners

    encryption = ("BucketEncryption", _encryption_xml, s3._put_bucket_encryption, s3._delete_bucket_encryption)
    provisioners._S3_BUCKET_CONFIGURATIONS = (*provisioners._S3_BUCKET_CONFIGURATIONS, encryption)


def _encryption_xml(encryption: dict) -> bytes:
    """A template's BucketEncryption as the body of PutBucketEncryption."""
    from ministack.services import s3

    root = Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for rule in encryption.get("ServerSideEncryptionConfiguration", []):
        element = SubElement(root, "Rule")
        default = SubElement(element, "ApplyServerSideEncryptionByDefault")
        for key, value in rule.get("ServerSideEncryptionByDefault", {}).items():
            SubElement(default, key).text = str(value)
        if "BucketKeyEnabled" in rule:
            SubElement(element, "BucketKeyEnabled").text = str(rule["BucketKeyEnabled"]).lower()
    return bytes(tostring(root, encoding="utf-8"))


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
