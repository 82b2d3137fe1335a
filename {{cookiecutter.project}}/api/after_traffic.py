"""CodeDeploy's hook AfterAllowTraffic: checks that SageMaker captures the requests of the new endpoint.

Captures are below s3://{capture}/{endpoint}/{variant}/{year}/…; those of the previous endpoint do not count.
Source: Amazon SageMaker Developer Guide, "Capture data from real-time endpoint".
"""

from __future__ import annotations

import time

import boto3

from api import settings
from api.hooks import CheckFailed, bucket_and_key, hook

_PAUSE_SECONDS = 1.0


def check() -> str:
    """Wait for the first captured file. Raises CheckFailed when none is found in time."""
    if settings.text("CAPTURE") == "off":
        return f"{settings.ENDPOINT_NAME} captures nothing, as configured"
    bucket, prefix = bucket_and_key(settings.text("CAPTURE_URI"))
    prefix = f"{prefix.rstrip('/')}/{settings.ENDPOINT_NAME}/"
    seconds = settings.number("WAIT_SECONDS", 840)
    deadline = time.monotonic() + seconds
    s3 = boto3.client("s3")
    while True:
        objects = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents")
        if objects:
            return f"s3://{bucket}/{objects[0]['Key']}"
        if time.monotonic() > deadline:
            raise CheckFailed(f"Nothing has been captured below s3://{bucket}/{prefix} within {seconds} s")
        time.sleep(_PAUSE_SECONDS)


handler = hook(check)
