"""Checks of what outlives every release: bucket, key, subscription to mails."""

from __future__ import annotations

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
    """The bucket exists in this account, keeps versions, is encrypted with the project's key, and is not public."""
    if not _is_deployed(repository):
        yield _undeployed(repository)
        return
    client, name = repository.session.client("s3"), repository.bucket
    # S3's names are global: only the list of own buckets tells whose it is.
    if name not in {each["Name"] for each in client.list_buckets(Prefix=name)["Buckets"]}:
        yield problem(
            f"This account has no bucket {name}.",
            "Data and models are lost, or another account has the name. Delete what is left and begin anew: "
            "mlops destroy --plan",
        )
        return
    yield ok(f"{name} exists")
    versioning = client.get_bucket_versioning(Bucket=name).get("Status")
    if versioning == "Enabled":
        yield ok("it keeps versions")
    else:
        yield problem(
            "It does not keep versions: a later upload replaces the data set of a release.",
            f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled",
        )
    yield _encryption(repository)
    off = _unblocked(repository)
    if not off:
        yield ok("it blocks public access")
    else:
        yield problem(
            f"It does not block public access: {', '.join(off)} is off.",
            f"aws s3api put-public-access-block --bucket {name} --public-access-block-configuration "
            "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
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


def _encryption(repository: Repository) -> Result:
    session, name = repository.session, repository.bucket
    rules = session.client("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rules[0]["ApplyServerSideEncryptionByDefault"]
    expected = stacks.outputs(session, repository.names.stack("storage")).get("KeyArn")
    if default.get("SSEAlgorithm") == "aws:kms" and default.get("KMSMasterKeyID") == expected:
        return ok("it is encrypted with the project's key")
    return problem(
        f"It is encrypted by {default.get('SSEAlgorithm')} with {default.get('KMSMasterKeyID', 'a key of AWS')}, and not "
        f"with the project's key {expected}.",
        "aws s3api put-bucket-encryption, as infra/storage.yml has it (BucketEncryption).",
    )


def _is_deployed(repository: Repository) -> bool:
    return stacks.describe(repository.session, repository.names.stack("storage")) is not None


def _undeployed(repository: Repository) -> Result:
    return unknown(f"There is no stack {repository.names.stack('storage')} yet.", _DEPLOY)
