"""The window's web server: only the holder of its address reads it, and nobody changes anything by it."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from mlops.errors import InputError
from mlops.window.server import Window


def failing(query: dict[str, str]) -> dict[str, object]:
    raise InputError("minutes: found 'x'; allowed: a number")


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    opened = Window({"state": lambda query: {"query": query}, "broken": failing})
    opened.open()
    yield opened
    opened.close()


class Answer:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.text = answer.read().decode()


def ask(window: Window, path: str = "", method: str = "GET", **headers: str) -> Answer:
    """The answer to a request below the window's address."""
    address = urlsplit(window.address)
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
    try:
        connection.request(
            method, f"{address.path}{path}", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return Answer(connection.getresponse())
    finally:
        connection.close()


def request(window: Window, lines: str) -> bytes:
    """The answer to a request as it is written."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(window.address).port, timeout=60)
    connection.connect()
    try:
        connection.sock.sendall(lines.encode())
        return connection.sock.recv(4096)
    finally:
        connection.close()


def test_the_holder_of_the_address_gets_the_page_and_its_documents(window: Window) -> None:
    page = ask(window)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for file in ("style.css", "window.css", "window.js", "charts.js", "elements.js", "machine.js", "dashboards.js"):
        assert ask(window, file).status == 200
    assert json.loads(ask(window, "state.json?group=/aws/x&prefix=a%2Fb").text) == {
        "query": {"group": "/aws/x", "prefix": "a/b"}
    }


def test_each_window_has_a_token_of_its_own(window: Window) -> None:
    other = Window({})
    other.open()
    try:
        tokens = {urlsplit(each.address).path for each in (window, other)}
        assert len(tokens) == 2
        assert all(len(token) > 40 for token in tokens)
    finally:
        other.close()


@pytest.mark.parametrize("path", ["/", "/state.json", "/wrong/", "/wrong/state.json", "/é/state.json"])
def test_without_the_token_nothing_is_found(window: Window, path: str) -> None:
    port = urlsplit(window.address).port
    answer = request(window, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert urlsplit(window.address).path.encode() not in answer


def test_part_of_the_token_is_not_enough(window: Window) -> None:
    address = urlsplit(window.address)
    for path in (address.path[:-2], f"{address.path[:-1]}x/", address.path[:-1]):
        answer = request(window, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "path", ["server.py", "../server.py", "%2e%2e/server.py", "window.html", "/etc/passwd", "state", "state.json/"]
)
def test_no_other_file_is_served(window: Window, path: str) -> None:
    assert ask(window, path).status == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""])
def test_another_host_name_is_refused(window: Window, host: str) -> None:
    """A name that an attacker's DNS server points to this machine makes a page of the attacker's one of our origin."""
    answer = ask(window, "state.json", Host=host.format(port=urlsplit(window.address).port))
    assert answer.status == 403
    assert "query" not in answer.text


def test_two_host_names_are_refused(window: Window) -> None:
    address = urlsplit(window.address)
    own = f"Host: 127.0.0.1:{address.port}\r\n"
    assert request(window, f"GET {address.path} HTTP/1.1\r\n{own}{own}\r\n").startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:{port}", "https://127.0.0.1:{port}"]
)
def test_pages_of_another_origin_are_refused(window: Window, origin: str) -> None:
    answer = ask(window, "state.json", Origin=origin.format(port=urlsplit(window.address).port))
    assert answer.status == 403
    assert "query" not in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_that_another_site_causes_are_refused(window: Window, site: str) -> None:
    assert ask(window, "state.json", Sec_Fetch_Site=site).status == 403


def test_its_own_page_is_answered(window: Window) -> None:
    own = f"http://127.0.0.1:{urlsplit(window.address).port}"
    assert ask(window, "state.json", Origin=own, Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_only_get_is_allowed(window: Window, method: str) -> None:
    answer = ask(window, "state.json", method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET"
    assert "query" not in answer.text


def test_a_body_is_no_second_request(window: Window) -> None:
    address = urlsplit(window.address)
    hidden = f"GET {address.path}state.json HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n"
    sent = f"POST {address.path} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}"
    assert request(window, sent).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(("path", "status"), [("", 200), ("state.json", 200), ("nothing", 404)])
def test_every_answer_keeps_the_page_to_itself(window: Window, path: str, status: int) -> None:
    answer = ask(window, path, Origin=f"http://127.0.0.1:{urlsplit(window.address).port}")
    assert answer.status == status
    policy = dict(each.split(" ", 1) for each in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_document_that_cannot_be_read_has_its_reason(window: Window) -> None:
    answer = ask(window, "broken.json")
    assert answer.status == 502
    assert json.loads(answer.text) == {"error": "minutes: found 'x'; allowed: a number"}


def test_it_listens_on_the_loopback_alone(window: Window) -> None:
    assert window._server.server_address[0] == "127.0.0.1"
