"""A web server on the loopback for one page and its documents, which only the holder of its address can read.

The address contains a token that cannot be guessed. Requests of pages of other sites are refused by their headers, also
under a name that their DNS server points here. Sources: Fetch Standard, "Origin header"; Fetch Metadata Request
Headers; Content Security Policy Level 3.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mlops.errors import MlopsError

Document = Callable[[dict[str, str]], dict[str, Any]]

_HOST = "127.0.0.1"
_OWN = "mlops.window", "page"
_PAGE = {
    "": (*_OWN, "window.html", "text/html"),
    # The style of all pages, and what the window adds.
    "style.css": ("mlops.pages", "", "style.css", "text/css"),
    "window.css": (*_OWN, "window.css", "text/css"),
    **{
        name: (*_OWN, name, "text/javascript")
        for name in ("window.js", "charts.js", "elements.js", "machine.js", "dashboards.js")
    },
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Window:
    """Serves the page, and under the names of `documents` what these return for the fields of a query."""

    def __init__(self, documents: Mapping[str, Document], port: int = 0) -> None:
        self._token = secrets.token_urlsafe(32)
        self._server = _Server((_HOST, port), _Handler)
        self._server.prefix = f"/{self._token}/"
        self._server.documents = {f"{name}.json": document for name, document in documents.items()}

    @property
    def address(self) -> str:
        return f"http://{_HOST}:{self._server.server_port}/{self._token}/"

    def open(self) -> None:
        """Answer requests, on threads of its own."""
        threading.Thread(target=self._server.serve_forever, daemon=True, name="window").start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    prefix: str
    documents: dict[str, Document]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away while it is answered is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "mlops"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        if reason := self._refusal():
            self._answer(403, "text/plain", reason)
            return
        address = urlsplit(self.path)
        # Compared in constant time: the token is a secret.
        if not hmac.compare_digest(address.path[: len(self.server.prefix)].encode(), self.server.prefix.encode()):
            self._answer(404, "text/plain", "The address of the window is what `mlops local open` has printed.")
            return
        name = address.path[len(self.server.prefix) :]
        if name in _PAGE:
            package, folder, file, kind = _PAGE[name]
            self._answer(200, kind, (files(package) / folder / file).read_text(encoding="utf-8"))
        elif name in self.server.documents:
            self._answer_document(self.server.documents[name], dict(parse_qsl(address.query)))
        else:
            self._answer(404, "text/plain", "The window has no such page.")

    def _refuse_method(self) -> None:
        # The body is not read: another request must not be found in it.
        self.close_connection = True
        self._answer(405, "text/plain", "The window only shows: allowed is GET.", {"Allow": "GET"})

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _refuse_method

    def _refusal(self) -> str | None:
        own = f"{_HOST}:{self.server.server_port}"
        if self.headers.get_all("Host") != [own]:
            return f"The window answers at {own} only."
        if any(origin != f"http://{own}" for origin in self.headers.get_all("Origin", [])):
            return "The window does not answer web pages of another origin."
        if any(site not in ("none", "same-origin") for site in self.headers.get_all("Sec-Fetch-Site", [])):
            return "The window does not answer web pages of another site."
        return None

    def _answer_document(self, document: Document, query: dict[str, str]) -> None:
        try:
            self._answer(200, "application/json", json.dumps(document(query), default=str))
        except MlopsError as error:
            self._answer(502, "application/json", json.dumps({"error": str(error)}))

    def _answer(self, status: int, kind: str, text: str, headers: Mapping[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests have the token in their address: they are not logged."""
