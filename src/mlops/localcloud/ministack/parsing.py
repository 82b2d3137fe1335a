"""Requests of any of AWS's protocols, read by moto's routers and parsers along botocore's models."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from botocore.model import OperationModel

from mlops.localcloud.errors import AWSError


@dataclass(frozen=True)
class Call:
    """A request for an operation. `parameters` returns those that botocore's clients take."""

    operation: OperationModel
    _request: Any
    _located: dict[str, Any]

    def parameters(self) -> dict[str, Any]:
        """The parameters of the whole request. AWSError when it cannot be read."""
        from moto.core.parse import PROTOCOL_PARSERS
        from moto.core.request import determine_request_protocol

        protocol = determine_request_protocol(self.operation.service_model, self._request.content_type)
        wire: Any = {
            "body": self._request.get_data(),
            "headers": self._request.headers,
            "method": self._request.method,
            "url_params": self._located,
            "url_path": self._request.path,
            "values": self._request.values,
        }
        try:
            return PROTOCOL_PARSERS[protocol](self.operation).parse(wire)
        except (ValueError, TypeError, AttributeError) as error:
            text = f"The request of {self.operation.name} cannot be read: {error}"
            raise AWSError("SerializationException", text) from error


def call(service: str, method: str, path: str, headers: dict, body: bytes, query: dict[str, list[str]]) -> Call | None:
    """The operation of a request to a service (botocore's name); None when the model does not have it."""
    from moto.core.request import Request
    from werkzeug.exceptions import NotFound

    url = f"http://127.0.0.1{quote(path)}?{urlencode(query, doseq=True)}"
    request = Request.from_primitives(method, url, headers, body)
    try:
        operation, located = _router(service).match(request)
    except (NotFound, NotImplementedError):
        return None
    return Call(operation, request, located)


@cache
def _router(service: str) -> Any:
    from moto.core.routing import get_service_router

    return get_service_router(service)
