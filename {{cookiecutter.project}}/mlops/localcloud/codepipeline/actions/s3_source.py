"""Amazon S3 source action: an object version becomes an artifact."""

from botocore.exceptions import ClientError

from mlops.localcloud.codepipeline.run import ActionFailed, Run


def run(run: Run) -> None:
    """Copy the object, in the version that the execution was started with, into the artifact store."""
    revision = run.execution.revisions.get(run.record.name, {})
    kind = revision.get("revisionType")
    bucket = run.configuration["S3Bucket"]
    key = revision["revisionValue"] if kind == "S3_OBJECT_KEY" else run.configuration["S3ObjectKey"]
    wanted = {"Bucket": bucket, "Key": key}
    if kind == "S3_OBJECT_VERSION_ID":
        wanted["VersionId"] = revision["revisionValue"]
    s3 = run.client("s3")
    try:
        found = s3.head_object(**wanted)
        if "VersionId" not in found:
            raise ActionFailed("ConfigurationError", f"Bucket {bucket} is not versioned; a source's must be")
        [output] = run.action["outputArtifacts"]
        place = run.place_for(output["name"])
        source = {**wanted, "VersionId": found["VersionId"]}
        s3.copy_object(
            CopySource=source, Bucket=place["bucketName"], Key=place["objectKey"], **run.encryption
        )
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise ActionFailed("PermissionError", f"Could not fetch s3://{bucket}/{key}: {message}") from error
    version = found["VersionId"]
    run.record.values = {
        "BucketName": bucket,
        "ObjectKey": key,
        "VersionId": version,
        "ETag": found["ETag"].strip('"'),
    }
    run.record.external_id = version
    run.record.summary = f"Amazon S3 version id: {version}"
    run.execution.artifact_revisions.append(
        {
            "name": run.record.name,
            "revisionId": version,
            "revisionSummary": run.record.summary,
            "created": found["LastModified"],
        }
    )
