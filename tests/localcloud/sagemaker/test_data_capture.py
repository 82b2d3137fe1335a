"""Data capture: the records in S3, through plain boto3."""

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hosting import Hosting, says
from waiting import until

pytestmark = pytest.mark.acceptance

BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


def settings(hosting: Hosting, prefix: str, **changes: Any) -> dict:
    """A DataCaptureConfig that takes everything."""
    return {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{hosting.bucket}/{prefix}",
        "CaptureOptions": BOTH,
        "CaptureContentTypeHeader": TYPES,
        **changes,
    }


def files(hosting: Hosting, prefix: str) -> list[str]:
    """Keys of the files below a prefix."""
    listed = hosting.cloud.client("s3").list_objects_v2(Bucket=hosting.bucket, Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", [])]


def records(hosting: Hosting, prefix: str) -> list[dict]:
    """All records below a prefix."""
    s3 = hosting.cloud.client("s3")
    bodies = [s3.get_object(Bucket=hosting.bucket, Key=key)["Body"].read() for key in files(hosting, prefix)]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def test_requests_and_answers_are_captured_in_sagemakers_format(hosting: Hosting) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    hosting.deploy("captured", says("12.5\n"), DataCaptureConfig=settings(hosting, "capture/one"))
    hosting.ask("captured", "1,2\n", CustomAttributes="trace=1", InferenceId="id-1")

    [record] = until(lambda: records(hosting, "capture/one/"))
    assert record["captureData"] == {
        "endpointInput": {
            "observedContentType": "text/csv",
            "mode": "INPUT",
            "data": "1,2\n",
            "encoding": "CSV",
        },
        "endpointOutput": {
            "observedContentType": "text/csv",
            "mode": "OUTPUT",
            "data": "12.5\n",
            "encoding": "CSV",
        },
    }
    event = record["eventMetadata"]
    assert record["eventVersion"] == "0"
    assert re.fullmatch(r"[0-9a-f-]{36}", event["eventId"])
    assert (event["inferenceId"], event["customAttributes"]) == ("id-1", ["trace=1"])
    invoked = datetime.strptime(event["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before <= invoked <= datetime.now(UTC)
    [key] = files(hosting, "capture/one/")
    key_pattern = rf"capture/one/captured/AllTraffic/{invoked:%Y/%m/%d/%H}/\d\d-\d\d-\d\d\d-[0-9a-f-]{{36}}\.jsonl"
    assert re.fullmatch(key_pattern, key)


def test_other_types_are_captured_as_json_or_base64(hosting: Hosting) -> None:
    hosting.deploy("typed", says("1"), DataCaptureConfig=settings(hosting, "capture/typed"))
    hosting.ask("typed", '{"a": 1}', ContentType="application/json; charset=utf-8")
    hosting.ask("typed", "plain", ContentType="text/plain")

    captured = until(lambda: len(found := records(hosting, "capture/typed/")) == 2 and found)
    inputs = {record["captureData"]["endpointInput"]["encoding"]: record for record in captured}
    json_input = inputs["JSON"]["captureData"]["endpointInput"]
    assert json_input["data"] == '{"a": 1}'
    assert json_input["observedContentType"] == "application/json; charset=utf-8"
    assert base64.b64decode(inputs["BASE64"]["captureData"]["endpointInput"]["data"]) == b"plain"


def test_only_the_sides_that_are_asked_for_are_captured(hosting: Hosting) -> None:
    config = settings(hosting, "capture/side", CaptureOptions=[{"CaptureMode": "Output"}])
    hosting.deploy("one-sided", says("1"), DataCaptureConfig=config)
    hosting.ask("one-sided")
    [record] = until(lambda: records(hosting, "capture/side/"))
    assert set(record["captureData"]) == {"endpointOutput"}


def test_captured_data_is_encrypted_with_the_key_of_the_configuration(hosting: Hosting) -> None:
    key = hosting.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    config = settings(hosting, "capture/encrypted", KmsKeyId=key)
    hosting.deploy("encrypted", says("1"), DataCaptureConfig=config)
    hosting.ask("encrypted")
    [name] = until(lambda: files(hosting, "capture/encrypted/"))
    head = hosting.cloud.client("s3").head_object(Bucket=hosting.bucket, Key=name)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_sample_is_captured_and_is_complete_when_the_endpoint_is_deleted(hosting: Hosting) -> None:
    config = settings(hosting, "capture/sampled", InitialSamplingPercentage=50)
    hosting.deploy("sampled", says("1"), DataCaptureConfig=config)
    for _ in range(200):
        hosting.ask("sampled")
    hosting.delete("sampled")
    # 100 are expected; seven standard deviations around it.
    assert 50 < len(records(hosting, "capture/sampled/")) < 150


def test_capture_ends_with_an_update_to_a_configuration_without_it(hosting: Hosting) -> None:
    described = hosting.deploy("uncaptured", says("1"), DataCaptureConfig=settings(hosting, "capture/ended"))
    assert described["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{hosting.bucket}/capture/ended",
        "KmsKeyId": "",
    }
    hosting.ask("uncaptured")
    hosting.configuration(
        "uncaptured-new",
        hosting.variant("uncaptured"),
        DataCaptureConfig=settings(hosting, "capture/ended", EnableCapture=False),
    )
    updated = hosting.update("uncaptured", "uncaptured-new")
    assert updated["DataCaptureConfig"]["CaptureStatus"] == "Stopped"
    hosting.ask("uncaptured")
    hosting.delete("uncaptured")
    assert len(records(hosting, "capture/ended/")) == 1


def test_the_destination_is_in_s3(hosting: Hosting) -> None:
    config = settings(hosting, "capture") | {"DestinationS3Uri": "https://example.com/capture"}
    hosting.model("destination", "")
    with pytest.raises(ClientError, match="must have the form s3://bucket/prefix"):
        hosting.configuration("destination", hosting.variant("destination"), DataCaptureConfig=config)
