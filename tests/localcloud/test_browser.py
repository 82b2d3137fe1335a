"""Web pages in a real browser against the local cloud: no request of theirs creates or runs anything.

A page is served from another port of this machine, from localhost where the cloud is 127.0.0.1, or from a name that an
attacker's DNS server points to this machine after the page was loaded (DNS rebinding). It even knows the cloud's
credentials, and signs its requests in the URL, for which a page needs no header.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from urllib.request import Request, urlopen

import browsers
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from github.account import Account, open_account
from playwright.sync_api import Browser, Page

pytestmark = browsers.MARKS
REBOUND = "rebound.example"
# Chromium's own check of requests to the loopback is not what is tested; older and other browsers have none.
ARGUMENTS = [
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class InUrl(SigV4QueryAuth):
    """A signature in the URL that covers a body, too."""

    def __init__(self, body: str, *signing: Any, **options: Any) -> None:
        super().__init__(*signing, **options)
        self._body = body

    def payload(self, request: AWSRequest) -> str:
        return hashlib.sha256(self._body.encode()).hexdigest()


@dataclass(frozen=True)
class Call:
    """A request to the cloud, signed in its URL."""

    url: str
    headers: dict[str, str]
    body: str

    @property
    def fields(self) -> dict[str, str]:
        """What a form sends."""
        return dict(parse_qsl(self.body))


@dataclass
class Attack:
    """What a page tries: to make a role, and to make and start a build that writes `proof`."""

    cloud: Account
    name: str
    proof: Path
    answers: list[int] = field(default_factory=list)

    def calls(self, host: str) -> list[Call]:
        """The requests, to the cloud under this name: a form first, then JSON."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        role = {
            "Action": "CreateRole",
            "Version": "2010-05-08",
            "RoleName": self.name,
            "AssumeRolePolicyDocument": json.dumps(TRUST),
        }
        project = {
            "name": self.name,
            "serviceRole": self.cloud.client("iam").get_role(RoleName="builder")["Role"]["Arn"],
            "source": {
                "type": "NO_SOURCE",
                "buildspec": json.dumps({"version": 0.2, "phases": {"build": {"commands": [f"touch {self.proof}"]}}}),
            },
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
        }
        return [
            self._signed(host, "iam", form, urlencode(role)),
            self._codebuild(host, "CreateProject", project),
            self._codebuild(host, "StartBuild", {"projectName": self.name}),
        ]

    def _codebuild(self, host: str, operation: str, request: dict[str, Any]) -> Call:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"CodeBuild_20161006.{operation}",
        }
        return self._signed(host, "codebuild", headers, json.dumps(request))

    def _signed(self, host: str, service: str, headers: dict[str, str], body: str) -> Call:
        environment = self.cloud.environment
        credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        request = AWSRequest("POST", f"http://{host}:{self.cloud.port}/", headers)
        InUrl(body, credentials, service, environment["AWS_REGION"], expires=600).add_auth(request)
        return Call(request.url, headers, body)

    def has_made(self) -> list[str]:
        """What there is now that the attack may have made."""
        roles = [each["RoleName"] for each in self.cloud.client("iam").list_roles()["Roles"]]
        projects = self.cloud.client("codebuild").list_projects()["projects"]
        ran = ["a command"] if self.proof.exists() else []
        return [name for name in (*roles, *projects) if name == self.name] + ran


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with open_account(tmp_path_factory.mktemp("browser")) as account:
        iam = account.client("iam")
        iam.create_role(RoleName="builder", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName="builder", PolicyName="all", PolicyDocument=json.dumps(ALLOW))
        yield account


@pytest.fixture
def attack(cloud: Account, tmp_path: Path, request: pytest.FixtureRequest) -> Attack:
    name = "".join(each if each.isalnum() else "-" for each in request.node.name)[-60:]
    return Attack(cloud, name.strip("-"), tmp_path / "proof")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.chromium(*ARGUMENTS) as running:
        yield running


@pytest.fixture
def page(browser: Browser, attack: Attack) -> Iterator[Page]:
    """A page that notes how the cloud answers it."""
    opened = browser.new_page()
    opened.on(
        "response",
        lambda answer: attack.answers.append(answer.status) if f":{attack.cloud.port}/" in answer.url else None,
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """The port of a web server with an empty page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>A page</title>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()


FETCH = """async ({url, headers, body, mode}) => {
    try {
        const answer = await fetch(url, {method: "POST", headers, body, mode});
        return answer.type === "opaque" ? "opaque" : String(answer.status);
    } catch (error) { return error.name; }
}"""
SUBMIT = """({url, fields}) => {
    const form = document.createElement("form");
    form.method = "POST";
    form.action = url;
    for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement("input");
        [input.type, input.name, input.value] = ["hidden", name, value];
        form.append(input);
    }
    document.body.append(form);
    form.submit();
}"""


def try_all(page: Page, calls: list[Call]) -> list[str]:
    """What the page's script sees of each request, tried with all headers and as one that asks for no permission."""
    seen = []
    for call in calls:
        for headers, mode in ((call.headers, "cors"), ({"Content-Type": "text/plain"}, "no-cors")):
            request = {"url": call.url, "headers": headers, "body": call.body, "mode": mode}
            seen.append(page.evaluate(FETCH, request))
    form = calls[0]
    simple = {"url": form.url, "headers": form.headers, "body": form.body, "mode": "no-cors"}
    seen.append(page.evaluate(FETCH, simple))
    with page.expect_navigation():
        page.evaluate(SUBMIT, {"url": form.url, "fields": form.fields})
    return seen


def test_the_same_requests_of_a_program_are_carried_out(attack: Attack) -> None:
    """So what refuses them below is where they come from."""
    for call in attack.calls("127.0.0.1"):
        with urlopen(Request(call.url, call.body.encode(), call.headers), timeout=60) as answer:
            assert answer.status == 200
    codebuild = attack.cloud.client("codebuild")
    [build] = codebuild.list_builds_for_project(projectName=attack.name)["ids"]
    ended = lambda: codebuild.batch_get_builds(ids=[build])["builds"][0]["buildComplete"]  # noqa: E731
    wait_for(ended)
    assert sorted(attack.has_made()) == sorted([attack.name, attack.name, "a command"])


@pytest.mark.parametrize("target", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("origin", ["127.0.0.1", "localhost"])
def test_a_page_of_another_port_makes_and_runs_nothing(
    attack: Attack, page: Page, site: int, origin: str, target: str
) -> None:
    page.goto(f"http://{origin}:{site}/")
    seen = try_all(page, attack.calls(target))
    # No answer can be read, and those that came were refusals; the form's was shown.
    assert set(seen) <= {"TypeError", "opaque"}
    assert attack.answers and set(attack.answers) == {403}
    assert "does not answer web pages" in page.content()
    assert attack.has_made() == []


def test_page_with_a_rebound_name_creates_and_runs_nothing(attack: Attack, page: Page) -> None:
    """To the browser it is one origin, so that it sends no preflight and lets the page read every answer."""
    address = f"http://{REBOUND}:{attack.cloud.port}/page"
    page.route(
        address, lambda route: route.fulfill(body="<!doctype html><title>A page</title>", content_type="text/html")
    )
    page.goto(address)
    attack.answers.clear()
    seen = try_all(page, attack.calls(REBOUND))
    assert set(seen) == {"403"}
    assert set(attack.answers) == {403}
    assert "answers at 127.0.0.1" in page.content()
    assert attack.has_made() == []


def test_a_page_can_neither_read_the_clouds_state_nor_take_it_away(attack: Attack, page: Page, site: int) -> None:
    page.goto(f"http://127.0.0.1:{site}/")
    base = f"http://127.0.0.1:{attack.cloud.port}"
    for path in ("/_ministack/reset", "/_ministack/config", "/_localcloud/github/token", "/_localcloud/health"):
        call = {"url": f"{base}{path}", "headers": {}, "body": "{}"}
        assert page.evaluate(FETCH, {**call, "mode": "cors"}) == "TypeError"
        assert page.evaluate(FETCH, {**call, "mode": "no-cors"}) == "opaque"
    assert set(attack.answers) == {403}
    assert attack.cloud.client("iam").get_role(RoleName="builder")


def wait_for(condition: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(600):
        if condition():
            return
        waiting.wait(0.1)
    raise AssertionError("not true within a minute")
