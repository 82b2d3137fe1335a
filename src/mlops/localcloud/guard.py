"""Refuses requests from web pages, and requests with another host name than the local cloud's.

A page of any site can send requests to the loopback, with its own name (Origin), or with a name that its DNS server
resolves to the loopback (Host, "DNS rebinding"). Sources: Fetch Standard, "Origin header"; Fetch Metadata Request Headers;
RFC 6761, section 6.3: names under .localhost always resolve to the loopback, so no site can have one.

AWS's SDKs address buckets by path where the endpoint is an IP address, as ours is. With the endpoint
http://s3.localhost:PORT they make the bucket part of the host.
"""

import re

from mlops.localcloud.ministack.lambda_functions import CODE_URL_PREFIX, is_signed_code_url

# ministack's own APIs, which need no credentials. Of them only the callbacks of custom resources and wait conditions are
# allowed: their paths cannot be guessed.
_ADMINISTRATION = ("/_ministack/", "/_localstack/")
_CALLBACKS = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
# The registry's HTTP API needs no credentials.
_REGISTRY = re.compile(r"/v2/(?:_catalog|.+/(?:manifests|blobs|tags)/.*)?")
_HOST = re.compile(r"127\.0\.0\.1|localhost|(?:[a-z0-9.-]+\.)?s3(?:\.[a-z0-9-]+)?\.localhost", re.IGNORECASE)


class Guard:
    """Refuses requests by their headers and path. `port` is the cloud's own."""

    def __init__(self, port: int):
        self._port = str(port)

    def refusal(self, scope: dict) -> str | None:
        """Why a request is refused; None where it is not."""
        headers = scope["headers"]
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return f"The local cloud answers at 127.0.0.1:{self._port} and localhost:{self._port} only"
        origins, sites = _values(headers, b"origin"), _values(headers, b"sec-fetch-site")
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return "The local cloud does not answer web pages of another origin"
        if any(site not in ("none", "same-origin") for site in sites):
            return "The local cloud does not answer web pages of another site"
        path = scope["path"]
        if path.startswith(_ADMINISTRATION) and not path.startswith(_CALLBACKS):
            if path.startswith(CODE_URL_PREFIX) and is_signed_code_url(scope["query_string"].decode("latin-1")):
                return None
            return f"The local cloud has no {path}"
        if _REGISTRY.fullmatch(path) and "s3." not in hosts[0]:
            return "The local cloud has no container registry over HTTP: its pipelines push images without one"
        return None

    def _is_own(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        return port == self._port and _HOST.fullmatch(name) is not None


def without_cors(message: dict) -> dict:
    """The start of a response without the headers that would let web pages of another origin read it."""
    if message["type"] != "http.response.start":
        return message
    kept = [
        (name, value) for name, value in message.get("headers", []) if not name.lower().startswith(b"access-control-")
    ]
    return {**message, "headers": kept}


def _values(headers: list[tuple[bytes, bytes]], header: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name.lower() == header]
