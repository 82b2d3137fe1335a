"""Transform jobs whose model is a script of the test."""

from __future__ import annotations

from typing import Any

from botocore.client import BaseClient
from hosting import Hosting
from waiting import until

GROUP = "/aws/sagemaker/TransformJobs"
ENDED = {"Completed", "Failed", "Stopped"}
# Answers each line with the sum of its cells, and prints how many lines each request has.
SUMS = """
import json, os
from server import serve

def answer(body, headers):
    lines = body.decode().splitlines()
    print(f"lines {len(lines)}\\n", end="", flush=True)
    return 200, {"Content-Type": "text/csv"}, "".join(f"{sum(map(float, line.split(','))):g}\\n" for line in lines)

print("environment", json.dumps({name: os.environ[name] for name in os.environ if name.startswith("SAGEMAKER_")}))
serve(answer, parameters=os.environ.get("PARAMETERS", ""))
"""
# As TensorFlow Serving and its like: the answer to a line of JSON is a line of JSON.
COUNTS = """
import json
from server import serve
serve(lambda body, headers: (200, {}, "".join(json.dumps({"n": len(json.loads(line))}) + "\\n" for line in body.splitlines())))
"""
REFUSES_NEGATIVES = """
from server import serve
serve(lambda body, headers: (400, {}, "found -1, allowed is a number from 0") if b"-" in body else (200, {}, "fine\\n"))
"""
FAILS = """
from server import serve
def answer(body, headers):
    print("asked", flush=True)
    return 500, {}, "the model has failed"
serve(answer)
"""


class Transforms:
    """Runs transform jobs, each with a model and data of its own name."""

    def __init__(self, hosting: Hosting):
        self.hosting = hosting
        self.sagemaker: BaseClient = hosting.sagemaker
        self.s3: BaseClient = hosting.cloud.client("s3")
        self.bucket = hosting.bucket

    def put(self, key: str, content: str | bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def get(self, key: str) -> str:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def request(self, name: str, **changes: Any) -> dict:
        """A CreateTransformJob request over {name}/in/ in lines of CSV; `changes` replace or add members."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{name}/in/"}
        return {
            "TransformJobName": name,
            "ModelName": name,
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": "text/csv",
                "SplitType": "Line",
                **changes.pop("TransformInput", {}),
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{self.bucket}/{name}/scored",
                "Accept": "text/csv",
                "AssembleWith": "Line",
                **changes.pop("TransformOutput", {}),
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **changes,
        }

    def run(self, name: str, program: str, objects: dict[str, str | bytes], **changes: Any) -> dict:
        """Run a job over `objects` to its end and describe it."""
        self.start(name, program, objects, **changes)
        return self.ended(name)

    def start(self, name: str, program: str, objects: dict[str, str | bytes], **changes: Any) -> None:
        self.hosting.model(name, program, **changes.pop("container", {}))
        for key, content in objects.items():
            self.put(f"{name}/in/{key}", content)
        self.sagemaker.create_transform_job(**self.request(name, **changes))

    def ended(self, name: str) -> dict:
        def description() -> dict | None:
            job = self.sagemaker.describe_transform_job(TransformJobName=name)
            return job if job["TransformJobStatus"] in ENDED else None

        return until(description)

    def log(self, name: str) -> str:
        logs = self.hosting.cloud.client("logs")
        streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
        return "\n".join(
            event["message"]
            for stream in streams
            for event in logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
        )
