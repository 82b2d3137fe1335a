"""Endpoints whose serving program is a script of the test, the way SageMaker's inference toolkits do it."""

import io
import os
import tarfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from harness import Cloud
from waiting import until

IMAGE = {
    "Dockerfile": """
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 OF_THE_IMAGE=yes
WORKDIR /opt/program
COPY . ./
ENTRYPOINT ["python", "run.py"]
""",
    "run.py": """
import os, runpy, sys
assert sys.argv[1:] == ["serve"], sys.argv
runpy.run_path(os.path.join(os.environ["SAGEMAKER_BASE_DIR"], "model/program.py"))
""",
    "server.py": """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def serve(answer, ping=lambda: 200, parameters=""):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet
        def do_GET(self):
            asked = self.path == "/execution-parameters"
            self.reply((200 if parameters else 404) if asked else ping(), {}, parameters.encode() if asked else b"")
        def do_POST(self):
            status, headers, body = answer(self.rfile.read(int(self.headers["Content-Length"])), self.headers)
            self.reply(status, headers, body.encode())
        def reply(self, status, headers, body):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *args):
            pass
    address = os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    print("serving", flush=True)
    ThreadingHTTPServer(address, Handler).serve_forever()
""",
}
PING_FAILED = (
    "The primary container for production variant AllTraffic did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint."
)
FAILS = """
from server import serve
serve(lambda body, headers: (500, {}, "the model has failed"))
"""
DIES_AT_START = 'raise SystemExit("the model cannot be loaded")'
SETTLED = {"InService", "Failed"}


def alive(process: str) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    return True


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and message of the error of a call that must fail."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def says(text: str) -> str:
    """A program that answers every request with `text` as CSV."""
    return f"""
from server import serve
serve(lambda body, headers: (200, {{"Content-Type": "text/csv"}}, {text!r}))
"""


@dataclass(frozen=True)
class Hosting:
    """Creates models, configurations and endpoints, all with one name, whose container runs a script."""

    cloud: Cloud
    bucket: str
    role_arn: str
    image_uri: str

    @property
    def sagemaker(self) -> BaseClient:
        return self.cloud.client("sagemaker")

    @property
    def runtime(self) -> BaseClient:
        return self.cloud.client("sagemaker-runtime")

    def archive(self, name: str, program: str) -> str:
        """Put a model archive with the program into S3 and return its URI."""
        packed, content = io.BytesIO(), textwrap.dedent(program).encode()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            member = tarfile.TarInfo("program.py")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        key = f"{name}/output/model.tar.gz"
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=packed.getvalue())
        return f"s3://{self.bucket}/{key}"

    def model_request(self, name: str, program: str = "", **container: Any) -> dict:
        """A CreateModel request; `container` replaces or adds members of its container."""
        data = {"Image": self.image_uri, "ModelDataUrl": self.archive(name, program)}
        return {
            "ModelName": name,
            "ExecutionRoleArn": self.role_arn,
            "PrimaryContainer": {**data, **container},
        }

    def model(self, name: str, program: str, **container: Any) -> None:
        """Make a model whose container runs `program`."""
        self.sagemaker.create_model(**self.model_request(name, program, **container))

    def variant(self, model: str, **changes: Any) -> dict:
        """A production variant of an endpoint configuration."""
        variant = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.m5.large"}
        return {**variant, "InitialInstanceCount": 1, **changes}

    def configuration(self, name: str, *variants: dict, **members: Any) -> None:
        """Make an endpoint configuration."""
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **members)

    def configured(self, name: str, program: str, **members: Any) -> None:
        """Make a model that runs `program` and a configuration of one variant with it."""
        self.model(name, program)
        self.configuration(name, self.variant(name), **members)

    def deploy(self, name: str, program: str, **members: Any) -> dict:
        """Create a model, a configuration and an endpoint that runs `program`; its description once it is stable."""
        self.configured(name, program, **members)
        return self.up(name)

    def up(self, name: str, configuration: str | None = None) -> dict:
        """Create an endpoint of a configuration, by default of the same name; its description once it is stable."""
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configuration or name)
        return self.settled(name)

    def update(self, name: str, configuration: str) -> dict:
        """Update an endpoint; its description once it is stable."""
        self.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=configuration)
        return self.settled(name)

    def settled(self, name: str) -> dict:
        """The endpoint's description once nothing changes any more."""

        def description() -> dict | None:
            described = self.sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] in SETTLED else None

        return until(description)

    def delete(self, name: str) -> None:
        """Delete an endpoint and wait for the end of the deletion."""
        self.sagemaker.delete_endpoint(EndpointName=name)
        self.sagemaker.get_waiter("endpoint_deleted").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1000}
        )

    def ask(self, name: str, body: str = "1,2", **members: Any) -> str:
        """The response of an endpoint."""
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **{"ContentType": "text/csv", **members})
        return answer["Body"].read().decode()

    def answers(self, name: str) -> str | None:
        """The response of an endpoint, or None when it fails."""
        try:
            return self.ask(name)
        except ClientError:
            return None

    def log(self, name: str) -> str:
        """What the containers of an endpoint have printed, from CloudWatch Logs."""
        logs, group = self.cloud.client("logs"), f"/aws/sagemaker/Endpoints/{name}"
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        return "\n".join(
            event["message"]
            for stream in streams
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        )


@contextmanager
def constant_traffic(hosting: Hosting, name: str) -> Iterator[list[str]]:
    """A client that calls the endpoint without a pause; yields its responses. Fails when one request fails."""
    answers: list[str] = []
    ended = threading.Event()
    failures: list[Exception] = []

    def call() -> None:
        while not ended.is_set():
            try:
                answers.append(hosting.ask(name))
            except Exception as error:
                failures.append(error)

    clients = [threading.Thread(target=call) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        until(lambda: answers)
        yield answers
    finally:
        ended.set()
        for client in clients:
            client.join()
    assert not failures
