"""A REST API by Chalice in front of the production endpoint: POST /predict with rows as CSV or JSON, GET /health.

`configure.py` writes the endpoint's name into .chalice/config.json. Requests are signed (SigV4, service execute-api).
"""

import os
from functools import cache

import boto3
from botocore.exceptions import ClientError
from chalice import Chalice, IAMAuthorizer, Response

TYPES = ["text/csv", "application/json"]
TEXT = {"Content-Type": "text/plain"}

app = Chalice(app_name="endpoint")
signed = IAMAuthorizer()


@cache
def runtime():
    """A client for all requests to this instance of the function."""
    return boto3.client("sagemaker-runtime")


@app.route("/predict", methods=["POST"], content_types=TYPES, authorizer=signed)
def predict() -> Response:
    """The endpoint's predictions. Rows that the model refuses get its status and its reason, any other failure 502."""
    headers = app.current_request.headers
    content_type = headers["content-type"].partition(";")[0].strip()
    accept = headers.get("accept", content_type)
    try:
        response = runtime().invoke_endpoint(
            EndpointName=os.environ["ENDPOINT_NAME"],
            Body=app.current_request.raw_body,
            ContentType=content_type,
            Accept=accept if accept in TYPES else content_type,
        )
    except ClientError as error:
        status = error.response.get("OriginalStatusCode", 502)
        if 400 <= status < 500:
            return Response(error.response["OriginalMessage"], headers=TEXT, status_code=status)
        app.log.error("%s", error)
        return Response("the endpoint does not respond", headers=TEXT, status_code=502)
    return Response(response["Body"].read().decode(), headers={"Content-Type": response["ContentType"]})


@app.route("/health", authorizer=signed)
def health() -> dict[str, str]:
    """Show that the function runs, and name the endpoint that it calls."""
    return {"endpoint": os.environ["ENDPOINT_NAME"]}
