"""The local cloud refuses requests of web pages, and requests under a foreign name."""

import io
import json
import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import urlopen
from zipfile import ZipFile

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from builders import Builders
from harness import Cloud
from lambdas import Lambdas

LIST_PROJECTS = {"X-Amz-Target": "CodeBuild_20161006.ListProjects", "Content-Type": "application/x-amz-json-1.1"}


def ask(cloud: Cloud, method: str, path: str, body: str | bytes = b"", **headers: str) -> tuple[int, str, dict]:
    """Status, body and headers of an answer; underscores in the names of headers become hyphens."""
    connection = HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def signed(cloud: Cloud, host: str = "", **headers: str) -> tuple[int, str, dict]:
    """A good, signed request to list the projects of CodeBuild, with further headers."""
    environment = cloud.environment
    request = AWSRequest(
        "POST", f"http://{host or f'127.0.0.1:{cloud.port}'}/", {**LIST_PROJECTS, **headers}, data=b"{}"
    )
    credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, "codebuild", "us-east-1").add_auth(request)
    return ask(
        cloud, "POST", "/", request.data, Host=host or f"127.0.0.1:{cloud.port}", **dict(request.headers.items())
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        # Another port of this machine is another origin of the same site.
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: " ".join(*headers.items()),
)
def test_a_web_page_of_another_origin_is_refused_even_with_a_signature(cloud: Cloud, headers: dict[str, str]) -> None:
    status, body, _ = signed(cloud, **headers)
    assert status == 403
    assert "does not answer web pages" in body


@pytest.mark.parametrize("host", ["evil.example:{port}", "evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "notlocalhost:{port}", "evil.localhost:{port}", "127.0.0.1.evil.example:{port}", ""])  # fmt: skip
def test_a_foreign_name_is_refused_even_with_a_signature(cloud: Cloud, host: str) -> None:
    named = host.format(port=cloud.port)
    status, body, _ = signed(cloud, named) if named else ask(cloud, "GET", "/_localcloud/health", Host="")
    assert status in (400, 403)
    assert status == 400 or f"answers at 127.0.0.1:{cloud.port} and localhost:{cloud.port} only" in body


def test_two_names_in_one_request_are_refused(cloud: Cloud) -> None:
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=60) as connection:
        own = f"Host: 127.0.0.1:{cloud.port}\r\n"
        connection.sendall(f"GET /_localcloud/health HTTP/1.1\r\n{own}Host: evil.example\r\n\r\n".encode())
        assert b" 403 " in connection.recv(64) or b" 400 " in connection.recv(64)


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("127.0.0.1:{port}", {}),
        ("localhost:{port}", {}),
        ("127.0.0.1:{port}", {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}),
        ("127.0.0.1:{port}", {"Sec-Fetch-Site": "none"}),
    ],
)
def test_its_own_names_and_its_own_pages_are_answered(cloud: Cloud, host: str, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=cloud.port) for name, value in headers.items()}
    status, body, _ = signed(cloud, host.format(port=cloud.port), **sent)
    assert status == 200 and "projects" in json.loads(body)


def test_no_answer_lets_a_page_of_another_origin_read_it(cloud: Cloud) -> None:
    answers = [signed(cloud), ask(cloud, "OPTIONS", "/"), ask(cloud, "GET", "/restapis/none/live/_user_request_/x")]
    for _, _, headers in answers:
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset",
        "/_ministack/config",
        "/_ministack/health",
        "/_ministack/sqs/messages",
        "/_localstack/health",
    ],
)
def test_the_administration_of_the_base_is_refused(cloud: Cloud, method: str, path: str) -> None:
    status, body, _ = ask(cloud, method, path, "{}")
    assert (status, json.loads(body)["message"]) == (403, f"The local cloud has no {path}")


def test_the_container_registry_is_refused(cloud: Cloud) -> None:
    assert ask(cloud, "GET", "/v2/")[0] == 403
    assert ask(cloud, "PUT", "/v2/taxi/manifests/1", "{}")[0] == 403


def test_presigned_url_needs_only_its_signature(cloud: Cloud, bucket: str) -> None:
    for version in ("s3", "s3v4"):
        s3 = boto3.client("s3", config=Config(signature_version=version), **calling(cloud))
        s3.put_object(Bucket=bucket, Key="shared", Body=b"for a while")
        url = urlsplit(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "shared"}))
        assert ask(cloud, "GET", f"{url.path}?{url.query}")[:2] == (200, "for a while")
        assert ask(cloud, "GET", url.path)[0] == 403
        assert ask(cloud, "GET", f"{url.path}?{url.query.replace('Signature=', 'Signature=0')}")[0] == 403


def test_a_bucket_as_part_of_the_host_is_answered(cloud: Cloud, bucket: str) -> None:
    """As SDKs with the endpoint http://s3.localhost:PORT call; resolved here, for not every system resolves such names."""
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    s3 = boto3.client("s3", **{**calling(cloud), "endpoint_url": f"http://s3.localhost:{cloud.port}"}, config=config)
    url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "by-host"}))
    assert url.netloc == f"{bucket}.s3.localhost:{cloud.port}"
    assert ask(cloud, "PUT", f"{url.path}?{url.query}", b"hello", Host=url.netloc)[0] == 200
    assert cloud.client("s3").get_object(Bucket=bucket, Key="by-host")["Body"].read() == b"hello"


def test_the_url_of_a_functions_code_works_and_cannot_be_guessed(cloud: Cloud, lambdas: Lambdas) -> None:
    lambdas.make("downloadable", "def handler(event, context): return 1")
    url = cloud.client("lambda").get_function(FunctionName="downloadable")["Code"]["Location"]
    with urlopen(url, timeout=60) as answer:
        assert ZipFile(io.BytesIO(answer.read())).namelist() == ["program.py"]
    assert ask(cloud, "GET", urlsplit(url).path)[0] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("PUT", "/new-bucket"), ("GET", "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Ax"), ("GET", "/clusters")],
)
def test_without_credentials_nothing_of_the_account_is_shown_or_made(cloud: Cloud, method: str, path: str) -> None:
    assert ask(cloud, method, path)[0] == 403


def test_a_form_without_credentials_creates_no_role(cloud: Cloud) -> None:
    form = "Action=CreateRole&RoleName=of-a-form&AssumeRolePolicyDocument={}&Version=2010-05-08"
    status, body, _ = ask(cloud, "POST", "/", form, Content_Type="application/x-www-form-urlencoded")
    assert status == 403 and "MissingAuthenticationToken" in body


def test_a_build_calls_the_cloud_and_a_host_prefix_does_not_lead_it_astray(cloud: Cloud, builders: Builders) -> None:
    """StartSyncExecution goes to sync-HOST, unless the client is configured otherwise."""
    asks = "import boto3; boto3.client('stepfunctions').start_sync_execution(stateMachineArn='arn:aws:states:us-east-1:000000000000:stateMachine:none')"
    builders.commands("prefixed", f'python -c "{asks}"')
    output = builders.log(builders.run("prefixed"))
    assert "StateMachineDoesNotExist" in output, output


def calling(cloud: Cloud) -> dict[str, str]:
    environment = cloud.environment
    return {
        "endpoint_url": cloud.endpoint_url,
        "region_name": "us-east-1",
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }
