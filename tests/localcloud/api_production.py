"""Production behind the API: infra/api.yml, and releases of infra/endpoint.yml behind a function."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import fronting
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from harness import REPOSITORY
from hosting import Hosting
from releasing import ACCOUNT, TEMPLATE, Stack, release
from ringing import active, ringing

MODEL = "fares"
# A minute passes in a second.
_SHIFT = {"ShiftType": "CANARY", "ShiftPercent": 50, "ShiftMinutes": 2, "ErrorsPerMinute": 1}


class Response(NamedTuple):
    status: int
    version: str


def predicts(number: float) -> str:
    """A program that predicts the same for each row."""
    return f"""
import json
from server import serve
def answer(body, headers):
    is_json = headers["Content-Type"] == "application/json"
    rows = len(json.loads(body)["instances"]) if is_json else len(body.decode().split())
    if headers["Accept"] == "text/csv":
        return 200, {{"Content-Type": "text/csv"}}, "{number}\\n" * rows
    return 200, {{"Content-Type": "application/json"}}, json.dumps({{"predictions": [{number}] * rows}})
serve(answer)
"""


def fails_at(row: str, number: float) -> str:
    """The same, but for requests that begin with this row."""
    return predicts(number).replace(
        "    is_json", f'    if body.startswith(b"{row}"):\n        return 500, {{}}, ""\n    is_json'
    )


@dataclass(frozen=True)
class ApiProduction:
    """One project of the cloud, with its API."""

    hosting: Hosting
    project: str
    production: Stack

    @property
    def bucket(self) -> str:
        return f"{self.project}-000000000000-us-east-1"

    @property
    def url(self) -> str:
        api = Stack(self.hosting, f"{self.project}-api").outputs()
        return f"{self.hosting.cloud.endpoint_url}/restapis/{api['RestApiId']}/{api['StageName']}/_user_request_"

    def parameters(
        self, number: int, program: str, prediction: float, code: bytes | None = None, **changes: Any
    ) -> dict[str, Any]:
        """A release of a model that runs `program` and should predict `prediction`, behind the function of `code`."""
        s3, execution = self.hosting.cloud.client("s3"), f"{number:08d}-1111"
        golden = {"rows": ["1,2"], "instances": [[1, 2]], "predictions": [prediction], "tolerance": 1e-5}
        s3.put_object(Bucket=self.bucket, Key=f"executions/{execution}/golden/rows.json", Body=json.dumps(golden))
        archive = s3.put_object(Bucket=self.bucket, Key=f"functions/{number}.zip", Body=code or fronting.archive())
        endpoint = f"{self.project}--{MODEL}-{number:08d}"
        return {
            **release(self.hosting, endpoint, number, program),
            "Project": self.project,
            "ResourceName": f"{self.project}-production-{number:08d}",
            "InitialSamplingPercentage": 0,
            "ExecutionId": execution,
            "ClientsCall": "api",
            "FunctionsBucket": self.bucket,
            "FunctionsKey": f"functions/{number}.zip",
            "FunctionsVersion": archive["VersionId"],
            "GoldenRowsUri": f"s3://{self.bucket}/executions/{execution}/golden/rows.json",
            **_SHIFT,
            **changes,
        }

    def deploy(self, parameters: dict[str, Any]) -> str:
        """Bring production to these parameters; the status in which that ends."""
        return self.production.deploy(TEMPLATE, parameters)["StackStatus"]

    def ask(self, row: str = "1,2") -> Response:
        """What a client of the API gets; the version is the release's."""
        return self.caller()(row)

    def caller(self) -> Callable[[str], Response]:
        """A client of the API with a separate connection."""
        environment, url, session = self.hosting.cloud.environment, self.url, URLLib3Session()
        credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        signer = SigV4Auth(credentials, "execute-api", "us-east-1")

        def call(row: str) -> Response:
            headers = {"Content-Type": "text/csv", "Accept": "application/json"}
            request = AWSRequest("POST", f"{url}/predict", headers=headers, data=row)
            signer.add_auth(request)
            try:
                response = session.send(request.prepare())
            except HTTPClientError as error:
                return Response(0, repr(error))
            return Response(response.status_code, response.headers.get("X-Model-Version", ""))

        return call

    def alarms(self) -> dict[str, str]:
        """The states of the project's alarms by name."""
        found = self.hosting.cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{self.project}-production-")
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found["MetricAlarms"]}

    @contextmanager
    def ringing(self, number: int) -> Iterator[None]:
        """Alarms of a release's endpoint and of the API ring."""
        function = f"{self.project}-api"
        endpoint = {"EndpointName": f"{self.project}--{MODEL}-{number:08d}", "VariantName": "AllTraffic"}
        alias = {"FunctionName": function, "Resource": f"{function}:live"}
        alarms = [f"{self.project}-production-{number:08d}-5xx", self.watching]
        errors = ("AWS/SageMaker", "Invocation5XXErrors", endpoint), ("AWS/Lambda", "Errors", alias)
        with ringing(self.hosting.cloud, alarms, *errors):
            yield
            assert active(self.hosting.cloud, [self.watching]), "it rings to the end"

    @property
    def watching(self) -> str:
        """The alarm on errors of the API, whichever release answers."""
        return f"{self.project}-production-errors"

    @contextmanager
    def load(self, *rows: str, clients: int = 2) -> Iterator[list[Response]]:
        """Clients that ask without a pause; gives the list to which their responses are added."""
        responses: list[Response] = []
        ended = threading.Event()

        def call() -> None:
            ask = self.caller()
            while not ended.is_set():
                for row in rows or ("1,2",):
                    responses.append(ask(row))

        callers = [threading.Thread(target=call) for _ in range(clients)]
        for caller in callers:
            caller.start()
        try:
            yield responses
        finally:
            ended.set()
            for caller in callers:
                caller.join()


def open_project(hosting: Hosting, project: str, **changes: Any) -> ApiProduction:
    """Deploy what comes before a project's first release, with changed parameters of the API."""
    opened = ApiProduction(hosting, project, Stack(hosting, f"{project}-production"))
    s3 = hosting.cloud.client("s3")
    s3.create_bucket(Bucket=opened.bucket)
    s3.put_bucket_versioning(Bucket=opened.bucket, VersioningConfiguration={"Status": "Enabled"})
    assert (
        Stack(hosting, f"{project}-account").deploy(ACCOUNT, {"Project": project})["StackStatus"] == "CREATE_COMPLETE"
    )
    api = {"Project": project, "Model": MODEL, "PermissionsBoundary": ""}
    limits = {"ThrottlingRateLimit": 10000, "ThrottlingBurstLimit": 5000}
    template = (REPOSITORY / "infra" / "api.yml").read_text(encoding="utf-8")
    stack = Stack(hosting, f"{project}-api")
    deployed = stack.deploy(template, {**api, **limits, **changes}, Capabilities=["CAPABILITY_IAM"])
    assert deployed["StackStatus"] == "CREATE_COMPLETE", stack.reasons()
    return opened
