"""Amazon S3 source action: a version of an object becomes an artifact.

Source: AWS CodePipeline User Guide, "Amazon S3 source action reference".
"""

from urllib.parse import quote

from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.codepipeline.actions.provider import Action, ActionFailed, Provider


def run(action: Action) -> None:
    """Copy the object, in the version that the execution specifies, into the artifact store."""
    bucket, key, version = _wanted(action)
    s3 = action.client("s3")
    try:
        head = s3.head_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
    except ClientError as error:
        raise _unavailable(bucket, key, version, error) from error
    version = head.get("VersionId", "null")
    if version == "null":
        raise ActionFailed("ConfigurationError", f"The Amazon S3 bucket {bucket} is not versioned; a source must be")
    [artifact] = action.outputs
    location = action.output_location(artifact)
    s3.copy_object(
        CopySource={"Bucket": bucket, "Key": key, "VersionId": version},
        Bucket=location["bucket"],
        Key=location["key"],
        **action.encryption(),
    )
    etag = head["ETag"].strip('"')
    summary = f"Amazon S3 version id: {version}"
    url = f"https://console.aws.amazon.com/s3/object/{bucket}?region={context.region()}&prefix={quote(key)}"
    action.show(
        revision={
            "name": artifact,
            "revisionId": version,
            "revisionChangeIdentifier": etag,
            "revisionSummary": summary,
            "revisionUrl": url,
            "created": head["LastModified"],
        },
        variables={"BucketName": bucket, "ObjectKey": key, "VersionId": version, "ETag": etag},
        external_id=version,
        external_url=url,
        summary=summary,
    )


def _wanted(action: Action) -> tuple[str, str, str | None]:
    """Bucket, key and version; the latest version when the execution names none."""
    bucket, key = action.configuration["S3Bucket"], action.configuration["S3ObjectKey"]
    revision = action.execution.source_revisions.get(action.record.name)
    if revision is None:
        return bucket, key, None
    if revision["revisionType"] == "S3_OBJECT_KEY":
        return bucket, revision["revisionValue"], None
    return bucket, key, revision["revisionValue"]


def _unavailable(bucket: str, key: str, version: str | None, error: ClientError) -> ActionFailed:
    details = error.response["Error"]
    object_name = f"The Amazon S3 object {key}{f' in version {version}' if version else ''} of bucket {bucket}"
    if details["Code"] in ("404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "400", "InvalidArgument"):
        return ActionFailed("RevisionUnavailable", f"{object_name} does not exist")
    if details["Code"] in ("403", "AccessDenied"):
        return ActionFailed("PermissionError", f"{object_name} may not be read by the role of the action or pipeline")
    return ActionFailed("ConfigurationError", f"{object_name} cannot be read: {details['Message']}")


def _unsupported(declaration: dict) -> str:
    if declaration["configuration"].get("PollForSourceChanges", "true").lower() != "false":
        return "the local cloud does not poll for source changes; set PollForSourceChanges to false"
    return ""


provider = Provider(
    run,
    configuration=("S3Bucket", "S3ObjectKey", "PollForSourceChanges", "AllowOverrideForS3ObjectKey"),
    required=("S3Bucket", "S3ObjectKey"),
    outputs=(1, 1),
    unsupported=_unsupported,
)
