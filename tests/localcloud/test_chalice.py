"""The generated repository's optional app: its own tests, its package, and its predictions of a real endpoint."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from baking import GENERATED, REPOSITORY, TEMPLATE
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from harness import Cloud
from hosting import Hosting

pytestmark = pytest.mark.acceptance

PYTHON = TEMPLATE / ".chalice" / "bin" / "python"
APP = Path("infra", "optional", "chalice")
ENDPOINT = "taxi-fares--total-amount-production"
PREDICTS = """
from server import serve
def answer(body, headers):
    if b"far" in body:
        return 400, {"Content-Type": "text/plain"}, "row 1: found 'far'"
    return 200, {"Content-Type": "text/csv"}, "3.5\\n"
serve(answer)
"""
POSTS = """
import sys
import app
from chalice.test import Client
with Client(app.app, stage_name="production", project_dir=".") as client:
    response = client.http.post("/predict", headers={"Content-Type": "text/csv"}, body=sys.argv[1].encode())
    print(response.status_code, response.body.decode().strip())
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose clients call the endpoint, with the app's configuration."""
    assert PYTHON.exists(), "Chalice is not installed. Run: make .chalice/.installed"
    for folder in ("configuration", APP):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    production = tmp_path / "configuration" / "production.yml"
    production.write_text(yaml.safe_dump({**yaml.safe_load(production.read_text()), "clients_call": "endpoint"}))
    done = run(tmp_path, APP / "configure.py")
    assert done.returncode == 0 and ENDPOINT in done.stdout, done.stdout
    return tmp_path


@pytest.fixture(scope="module")
def endpoint(hosting: Hosting) -> Iterator[None]:
    hosting.deploy(ENDPOINT, PREDICTS)
    yield
    hosting.delete(ENDPOINT)


def run(
    folder: Path, *words: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_DEFAULT_REGION": "us-east-1"}
    return subprocess.run(
        [PYTHON, "-W", "ignore::UserWarning", *words],
        cwd=folder,
        env={**variables, **(environment or {})},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_the_apps_own_tests_pass(repository: Path) -> None:
    done = run(repository, "-m", "pytest", APP)
    assert done.returncode == 0, done.stdout


def test_its_role_may_call_only_the_configured_endpoint(repository: Path) -> None:
    options = ("--stage", "production", "--template-format", "yaml")
    done = run(repository / APP, "-c", "from chalice.cli import main; main()", "package", *options, "packaged")
    assert done.returncode == 0, done.stdout
    resources = yaml.safe_load((repository / APP / "packaged" / "sam.yaml").read_text())["Resources"]
    statements = resources["ApiHandlerRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = {each["Action"]: each["Resource"] for each in statements}
    assert allowed["sagemaker:InvokeEndpoint"] == f"arn:aws:sagemaker:us-east-1:*:endpoint/{ENDPOINT}"
    assert {action.partition(":")[0] for action in allowed} == {"sagemaker", "logs"}
    assert resources["APIHandler"]["Properties"]["Environment"]["Variables"] == {"ENDPOINT_NAME": ENDPOINT}
    paths = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert all("sigv4" in method["security"][0] for path in paths.values() for method in path.values())


@pytest.mark.usefixtures("endpoint")
def test_it_returns_what_the_endpoint_responds(repository: Path, cloud: Cloud) -> None:
    for row, expected in (("1,2", "200 3.5"), ("far", "400 row 1: found 'far'")):
        done = run(repository / APP, "-c", POSTS, row, environment=cloud.environment)
        assert done.stdout.splitlines()[-1] == expected, done.stdout


@pytest.mark.usefixtures("endpoint")
def test_its_own_commands_deploy_and_delete_it(repository: Path, cloud: Cloud) -> None:
    app = repository / APP
    done = chalice(app, cloud, "deploy")
    assert done.returncode == 0, done.stdout
    deployed = json.loads((app / ".chalice" / "deployed" / "production.json").read_text())
    [api] = [each["rest_api_id"] for each in deployed["resources"] if each["resource_type"] == "rest_api"]
    url = f"{cloud.endpoint_url}/restapis/{api}/v1/_user_request_/predict"
    assert post(cloud, url, b"1,2") == (200, "3.5")
    assert post(cloud, url, b"far") == (400, "row 1: found 'far'")
    assert post(cloud, url, b"1,2", signed=False)[0] == 403
    done = chalice(app, cloud, "delete")
    assert done.returncode == 0, done.stdout
    assert api not in {each["id"] for each in cloud.client("apigateway").get_rest_apis()["items"]}


def chalice(app: Path, cloud: Cloud, command: str) -> subprocess.CompletedProcess[str]:
    program = "from chalice.cli import main; main()"
    return run(app, "-c", program, command, "--stage", "production", environment=cloud.environment)


def post(cloud: Cloud, url: str, body: bytes, *, signed: bool = True) -> tuple[int, str]:
    """The status and the body of the app's response."""
    request = AWSRequest("POST", url, headers={"Content-Type": "text/csv"}, data=body)
    if signed:
        given = cloud.environment
        credentials = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
        SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
    response = URLLib3Session(timeout=60).send(request.prepare())
    return response.status_code, response.text.strip()


def test_a_repository_with_an_api_of_its_own_is_refused(tmp_path: Path) -> None:
    for folder in ("configuration", APP):
        shutil.copytree(GENERATED / folder, tmp_path / folder)
    project = json.loads((REPOSITORY / "configuration" / "project.json").read_text())
    (tmp_path / "configuration" / "project.json").write_text(json.dumps(project))
    done = run(tmp_path, APP / "configure.py")
    assert done.returncode == 1
    assert "clients_call: found api; allowed here: endpoint" in done.stdout
