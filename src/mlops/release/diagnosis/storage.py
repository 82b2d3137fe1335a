"""Checks of what outlives every release: bucket, key, subscription to mails."""

from __future__ import annotations

import json

from mlops.aws import notifications, stacks
from mlops.aws.session import AWSError
from mlops.release.diagnosis.findings import Result, Results, ok, problem, unknown
from mlops.release.repository import Repository

_DEPLOY = "Run: mlops deploy"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_KEY_REMEDIES = {
    "Disabled": "aws kms enable-key --key-id {key}",
    "PendingDeletion": "aws kms cancel-key-deletion --key-id {key}, then aws kms enable-key --key-id {key}",
}


def mail(repository: Repository) -> Results:
    """The address for notifications has confirmed its subscription."""
    if not _is_deployed(repository):
        yield _undeployed(repository)
        return
    address = repository.project.notification_email
    if notifications.is_confirmed(repository.session, repository.names, address):
        yield ok(f"{address} has confirmed")
        return
    yield problem(
        f"{address} has not confirmed: it gets no mail, not even about a release that waits for approval.",
        "Follow the link in AWS's mail. It is valid for some days; after that: aws sns subscribe --protocol email "
        f"--notification-endpoint {address} --topic-arn "
        f"{stacks.outputs(repository.session, repository.names.stack('storage')).get('TopicArn')}",
    )


def bucket(repository: Repository) -> Results:
    """The bucket exists in this account."""
    if not _is_deployed(repository):
        yield _undeployed(repository)
        return
    name = repository.bucket
    # S3's names are global: only the list of own buckets tells whose it is.
    if name in {each["Name"] for each in repository.session.client("s3").list_buckets(Prefix=name)["Buckets"]}:
        yield ok(f"{name} exists")
        return
    yield problem(
        f"This account has no bucket {name}.",
        "Data and models are lost, or another account has the name. Delete what is left and begin anew: "
        "mlops destroy --plan",
    )


def versions(repository: Repository) -> Results:
    """The bucket keeps versions of objects."""
    if not _is_deployed(repository):
        yield _undeployed(repository)
        return
    name = repository.bucket
    if repository.session.client("s3").get_bucket_versioning(Bucket=name).get("Status") == "Enabled":
        yield ok(f"{name} keeps versions")
        return
    yield problem(
        f"{name} does not keep versions: a later upload replaces the data set of a release.",
        f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled",
    )


def encryption(repository: Repository) -> Results:
    """The bucket is encrypted with the project's key."""
    if not _is_deployed(repository):
        yield _undeployed(repository)
        return
    session, name = repository.session, repository.bucket
    rules = session.client("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rules[0]["ApplyServerSideEncryptionByDefault"]
    expected = stacks.outputs(session, repository.names.stack("storage")).get("KeyArn")
    if default.get("SSEAlgorithm") == "aws:kms" and default.get("KMSMasterKeyID") == expected:
        yield ok(f"{name} is encrypted with the project's key")
        return
    wanted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": expected}
    rule = {"Rules": [{"ApplyServerSideEncryptionByDefault": wanted, "BucketKeyEnabled": True}]}
    yield problem(
        f"{name} is encrypted by {default.get('SSEAlgorithm')} with {default.get('KMSMasterKeyID', 'a key of AWS')}, and "
        f"not with the project's key {expected}.",
        f"aws s3api put-bucket-encryption --bucket {name} --server-side-encryption-configuration '{json.dumps(rule)}'",
    )


def public_access(repository: Repository) -> Results:
    """The bucket blocks public access."""
    if not _is_deployed(repository):
        yield _undeployed(repository)
        return
    name, off = repository.bucket, _unblocked(repository)
    if not off:
        yield ok(f"{name} blocks public access")
        return
    yield problem(
        f"{name} does not block public access: {', '.join(off)} is off.",
        f"aws s3api put-public-access-block --bucket {name} --public-access-block-configuration "
        f"{','.join(f'{setting}=true' for setting in _BLOCKS)}",
    )


def key(repository: Repository) -> Results:
    """The project's key can be used."""
    if not _is_deployed(repository):
        yield _undeployed(repository)
        return
    alias = f"alias/{repository.project.project}"
    try:
        found = repository.session.client("kms").describe_key(KeyId=alias)["KeyMetadata"]
    except AWSError as error:
        if error.code != "NotFoundException":
            raise
        yield problem(f"There is no key {alias}.", f"aws kms list-aliases shows where it points to. {_DEPLOY}")
        return
    if found["KeyState"] == "Enabled":
        yield ok(f"{alias} is enabled")
        return
    remedy = _KEY_REMEDIES.get(found["KeyState"], "aws kms describe-key --key-id {key}").format(key=found["KeyId"])
    yield problem(f"{alias} is in {found['KeyState']}: nothing that the project stores can be read.", remedy)


def _unblocked(repository: Repository) -> list[str]:
    """The settings against public access that are off."""
    client, name = repository.session.client("s3"), repository.bucket
    try:
        block = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except AWSError as error:
        if error.code != "NoSuchPublicAccessBlockConfiguration":
            raise
        block = {}
    return [setting for setting in _BLOCKS if not block.get(setting)]


def _is_deployed(repository: Repository) -> bool:
    return stacks.describe(repository.session, repository.names.stack("storage")) is not None


def _undeployed(repository: Repository) -> Result:
    return unknown(f"There is no stack {repository.names.stack('storage')} yet.", _DEPLOY)
