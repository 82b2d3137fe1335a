"""A client of the REST API, as those outside of AWS: by its URL, with a signature or the API's key."""

from __future__ import annotations

import os

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from api import settings
from api.endpoint import SYNTHETIC_HEADER
from api.hooks import CheckFailed
from api.responses import Response

_TIMEOUT_SECONDS = 30  # API Gateway gives up after 29.


class Client:
    """The API of the stack `API_STACK`, whose outputs say how clients authenticate."""

    def __init__(self) -> None:
        [stack] = boto3.client("cloudformation").describe_stacks(StackName=settings.text("API_STACK"))["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.url = _url(outputs)
        self._key = _key(outputs)
        self._http = URLLib3Session(timeout=_TIMEOUT_SECONDS)

    def predict(self, body: str, content_type: str, accept: str) -> Response:
        """POST /predict. Raises CheckFailed when there is no response."""
        headers = {"Content-Type": content_type, "Accept": accept, SYNTHETIC_HEADER: "true"}
        request = AWSRequest("POST", f"{self.url}/predict", headers=headers, data=body.encode())
        if self._key:
            request.headers["X-Api-Key"] = self._key
        else:
            session = boto3.Session()
            SigV4Auth(session.get_credentials(), "execute-api", session.region_name).add_auth(request)
        try:
            response = self._http.send(request.prepare())
        except HTTPClientError as error:
            raise CheckFailed(f"{self.url} does not respond: {error}") from error
        return Response(
            response.status_code,
            response.content.decode("utf-8", "replace"),
            response.headers.get("X-Model-Version", ""),
        )


def _url(outputs: dict[str, str]) -> str:
    """The API's base URL. Where AWS_ENDPOINT_URL replaces AWS's hosts, it is a path with the API's id on that host."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return outputs["Url"]
    return f"{endpoint.rstrip('/')}/restapis/{outputs['RestApiId']}/{outputs['StageName']}/_user_request_"


def _key(outputs: dict[str, str]) -> str | None:
    if "ApiKeyId" not in outputs:
        return None
    return boto3.client("apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)["value"]
