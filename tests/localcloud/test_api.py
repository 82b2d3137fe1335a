"""The REST API's function in front of endpoints of the local cloud, and the archive that it is deployed from."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import api_modules
import pytest
from botocore.exceptions import ClientError
from harness import REPOSITORY, Cloud
from hosting import FAILS, Hosting

from mlops.aws import functions
from mlops.errors import InputError

PREDICTS_ONE = """
from server import serve
serve(lambda body, headers: (200, {"Content-Type": "application/json"}, '{"predictions": [1.0]}'))
"""
CONTEXT = SimpleNamespace(
    function_name="api",
    function_version="1",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:api:live",
    aws_request_id="request",
)
Function = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def endpoints(hosting: Hosting) -> None:
    hosting.deploy("api-good", PREDICTS_ONE)
    hosting.deploy("api-failing", FAILS)


@pytest.fixture
def function(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Function]:
    """Makes the function in front of an endpoint, as Lambda would load it."""

    def load(endpoint: str, **environment: str) -> Function:
        app = api_modules.load(
            monkeypatch,
            cloud,
            "app",
            ENDPOINT_NAME=endpoint,
            MODEL_VERSION="release-1",
            POWERTOOLS_SERVICE_NAME="api",
            POWERTOOLS_METRICS_NAMESPACE="api",
            **environment,
        )

        def call(body: str) -> dict:
            event = {
                "httpMethod": "POST",
                "path": "/predict",
                "headers": {"Content-Type": "text/csv"},
                "body": body,
                "isBase64Encoded": False,
                "requestContext": {"requestId": "1", "stage": "live"},
            }
            answer = app.handler(event, CONTEXT)
            return {**json.loads(answer["body"]), "version": answer["multiValueHeaders"]["X-Model-Version"]}

        return call

    return load


def test_an_answer_names_the_version_of_the_model_that_gave_it(
    hosting: Hosting, function: Callable[..., Function]
) -> None:
    for name, version in (("AllTraffic", "release-1"), ("Champion", "release-0")):
        weights = {"AllTraffic": 0.0, "Champion": 0.0, name: 1.0}
        variants = [
            hosting.variant("api-good", VariantName=each, InitialVariantWeight=w) for each, w in weights.items()
        ]
        hosting.configuration(f"api-{name}", *variants)
        hosting.up(f"api-{name}")
        call = function(f"api-{name}", CHALLENGER_NAME="Champion", CHALLENGER_VERSION="release-0")
        answer = call("1,2")
        assert (answer["variant"], answer["model_version"], answer["version"]) == (name, version, [version])


@pytest.mark.parametrize(("endpoint", "reason"), [("api-failing", "ModelError"), ("api-nobodys", "not found")])
def test_a_failure_of_the_endpoint_is_raised_so_that_it_is_counted(
    function: Callable[..., Function], endpoint: str, reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        function(endpoint)("1,2")


def test_the_archive_is_the_same_for_the_same_code() -> None:
    assert functions.pack(REPOSITORY) == functions.pack(REPOSITORY)


def test_the_archive_and_boto3_are_all_that_the_functions_need(tmp_path: Path) -> None:
    (tmp_path / "functions.zip").write_bytes(functions.pack(REPOSITORY).content)
    # Lambda's runtime for Python brings boto3 and what it requires.
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"):
        file = Path(importlib.import_module(name).__file__)
        source = file.parent if file.name == "__init__.py" else file
        (runtime / source.name).symlink_to(source)
    program = "import api.app, api.before_traffic, api.after_traffic"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{tmp_path / 'functions.zip'}:{runtime}",
            "ENDPOINT_NAME": "x",
            "POWERTOOLS_METRICS_NAMESPACE": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", ["app.py", "hooks.py"])
def test_code_that_does_not_compile_is_not_packed(tmp_path: Path, file: str) -> None:
    shutil.copytree(REPOSITORY / "api", tmp_path / "api")
    with (tmp_path / "api" / file).open("a") as source:
        source.write("\ndef (:\n")
    with pytest.raises(InputError, match=rf"api/{file}, line \d+: invalid syntax"):
        functions.pack(tmp_path)
