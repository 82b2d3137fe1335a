"""An HTTP client of the REST API in front of the production endpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from mlops.aws import stacks
from mlops.aws.session import AWSError, Session, translate
from mlops.errors import InputError
from mlops.names import Names

# Marks requests that no client has sent, as api/endpoint.py has it.
SYNTHETIC_HEADER = "X-Synthetic-Request"
_TIMEOUT_SECONDS = 30  # API Gateway gives up after 29.


@dataclass(frozen=True)
class Response:
    """`status` is API Gateway's HTTP status; `model_version` names the release that answered."""

    status: int
    body: bytes
    content_type: str
    model_version: str


class Api:
    """One API. Requests carry the API key where the stack `{project}-api` has one, and an IAM signature elsewhere."""

    def __init__(self, session: Session, url: str, api_key: str | None = None) -> None:
        self._session = session
        self._http = URLLib3Session(timeout=_TIMEOUT_SECONDS)
        self._key = api_key
        self.url = url

    def predict(self, body: bytes, *, content_type: str, accept: str, is_synthetic: bool = False) -> Response:
        """The response to POST /predict, whatever its status. AWSError when there is none.

        The records of synthetic requests are not compared with the baseline.
        """
        headers = {"Content-Type": content_type, "Accept": accept}
        if is_synthetic:
            headers[SYNTHETIC_HEADER] = "true"
        if self._key:
            headers["X-Api-Key"] = self._key
        request = AWSRequest("POST", f"{self.url}/predict", headers=headers, data=body)
        if not self._key:
            SigV4Auth(self._session.credentials, "execute-api", self._session.region).add_auth(request)
        try:
            response = self._http.send(request.prepare())
        except HTTPClientError as error:
            raise translate(error, "API Gateway", "POST /predict", self.url) from error
        return Response(
            response.status_code,
            response.content,
            response.headers.get("Content-Type", ""),
            response.headers.get("X-Model-Version", ""),
        )


def find(session: Session, names: Names) -> Api | None:
    """The API of this repository, or None when none is deployed."""
    outputs = stacks.outputs(session, names.stack("api"))
    if "RestApiId" not in outputs:
        return None
    return Api(session, url(outputs), _key(session, outputs))


def called_by_clients(session: Session, names: Names) -> Api | None:
    """The API of production, or None where clients call the endpoint itself."""
    return find(session, names) if clients_call_api(session, names) else None


def clients_call_api(session: Session, names: Names) -> bool:
    """Whether clients call production through the API."""
    return stacks.parameters(session, names.endpoint_stack("production")).get("ClientsCall") == "api"


def url(outputs: dict[str, str]) -> str:
    """The API's base URL. Where AWS_ENDPOINT_URL replaces AWS's hosts, it is a path with the API's id on that host."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_APIGATEWAY") or os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint or (urlsplit(endpoint).hostname or "") in urlsplit(outputs["Url"]).netloc:
        return outputs["Url"]
    return f"{endpoint.rstrip('/')}/restapis/{outputs['RestApiId']}/{outputs['StageName']}/_user_request_"


def _key(session: Session, outputs: dict[str, str]) -> str | None:
    if "ApiKeyId" not in outputs:
        return None
    try:
        key = session.client("apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)
    except AWSError as error:
        if error.code == "NotFoundException":
            raise InputError(f"The API key {outputs['ApiKeyId']} does not exist any more. Run: mlops deploy") from error
        raise
    return key["value"]
