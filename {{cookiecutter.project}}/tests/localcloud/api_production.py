"""Production behind the API: infra/api.yml, and releases of infra/endpoint.yml whose function stands in front."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import fronting
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from harness import REPOSITORY, until
from hosting import Hosting
from releasing import TEMPLATE, Stack, release

MODEL = "fares"
ACCOUNT = """
Parameters: {Project: {Type: String}}
Resources:
  Key: {Type: "AWS::KMS::Key", Properties: {Description: of the captured data}}
  Topic: {Type: "AWS::SNS::Topic"}
Outputs:
  Topic: {Value: !Ref Topic, Export: {Name: !Sub "${Project}:TopicArn"}}
  Key: {Value: !GetAtt Key.Arn, Export: {Name: !Sub "${Project}:KeyArn"}}
"""
# A minute passes in a second.
_SHIFT = {"ShiftType": "CANARY", "ShiftPercent": 50, "ShiftMinutes": 2, "ErrorsPerMinute": 1}
_SIGNER = SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1")


class Answer(NamedTuple):
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
        s3.put_object(Bucket=self.bucket, Key=f"executions/{execution}/qa/known.json", Body=json.dumps(golden))
        s3.put_object(Bucket=self.bucket, Key=f"functions/{number}.zip", Body=code or fronting.archive())
        endpoint = f"{self.project}--{MODEL}-{number:08d}"
        return {
            **release(self.hosting, endpoint, number, program),
            "Project": self.project,
            "ResourceName": f"{self.project}-production-{number:08d}",
            "InitialSamplingPercentage": 0,
            "ExecutionId": execution,
            "Entrance": "api",
            "FunctionsBucket": self.bucket,
            "FunctionsKey": f"functions/{number}.zip",
            "KnownRowsUri": f"s3://{self.bucket}/executions/{execution}/qa/known.json",
            **_SHIFT,
            **changes,
        }

    def deploy(self, parameters: dict[str, Any]) -> str:
        """Bring production to these parameters; the status in which that ends."""
        return self.production.deploy(TEMPLATE, parameters)["StackStatus"]

    def ask(self, row: str = "1,2") -> Answer:
        """What a client of the API gets; the version is the release's."""
        return _ask(URLLib3Session(), self.url, row)

    def alarms(self) -> dict[str, str]:
        """The states of the project's alarms by name."""
        found = self.hosting.cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{self.project}-production-")
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found["MetricAlarms"]}

    @contextmanager
    def ringing(self, number: int) -> Iterator[list[str]]:
        """Errors of a release's endpoint and of the API are counted without a pause; gives the alarms that ring."""
        cloudwatch, ended = self.hosting.cloud.client("cloudwatch"), threading.Event()
        function = f"{self.project}-api"
        endpoint = {"EndpointName": f"{self.project}--{MODEL}-{number:08d}", "VariantName": "AllTraffic"}
        counted = {
            ("AWS/SageMaker", "Invocation5XXErrors"): endpoint,
            ("AWS/Lambda", "Errors"): {"FunctionName": function, "Resource": f"{function}:live"},
        }

        def count() -> None:
            while not ended.wait(0.1):
                for (namespace, metric), dimensions in counted.items():
                    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
                    errors = {"MetricName": metric, "Dimensions": named, "Value": 100.0}
                    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[errors])

        counting = threading.Thread(target=count)
        counting.start()
        wanted = {f"{self.project}-production-{number:08d}-5xx", f"{self.project}-production-errors"}
        try:
            until(lambda: wanted <= self.active(), 30)
            yield sorted(wanted)
        finally:
            ended.set()
            counting.join()

    def active(self) -> set[str]:
        """The alarms that ring."""
        return {name for name, state in self.alarms().items() if state == "ALARM"}

    @contextmanager
    def load(self, *rows: str, clients: int = 2) -> Iterator[list[Answer]]:
        """Clients that ask without a pause; gives the list to which their answers are added."""
        answers: list[Answer] = []
        ended, url = threading.Event(), self.url

        def call() -> None:
            session = URLLib3Session()
            while not ended.is_set():
                for row in rows or ("1,2",):
                    answers.append(_ask(session, url, row))

        callers = [threading.Thread(target=call) for _ in range(clients)]
        for caller in callers:
            caller.start()
        try:
            yield answers
        finally:
            ended.set()
            for caller in callers:
                caller.join()


def open_project(hosting: Hosting, project: str) -> ApiProduction:
    """Deploy what comes before a project's first release."""
    made = ApiProduction(hosting, project, Stack(hosting, f"{project}-production"))
    hosting.cloud.client("s3").create_bucket(Bucket=made.bucket)
    assert (
        Stack(hosting, f"{project}-account").deploy(ACCOUNT, {"Project": project})["StackStatus"] == "CREATE_COMPLETE"
    )
    api = {"Project": project, "Model": MODEL, "PermissionsBoundary": ""}
    limits = {"ThrottlingRateLimit": 10000, "ThrottlingBurstLimit": 5000}
    template = (REPOSITORY / "infra" / "api.yml").read_text(encoding="utf-8")
    stack = Stack(hosting, f"{project}-api")
    deployed = stack.deploy(template, {**api, **limits}, Capabilities=["CAPABILITY_IAM"])
    assert deployed["StackStatus"] == "CREATE_COMPLETE", stack.reasons()
    return made


def _ask(session: URLLib3Session, url: str, row: str) -> Answer:
    headers = {"Content-Type": "text/csv", "Accept": "application/json"}
    request = AWSRequest("POST", f"{url}/predict", headers=headers, data=row)
    _SIGNER.add_auth(request)
    try:
        answer = session.send(request.prepare())
    except HTTPClientError as error:
        return Answer(0, repr(error))
    return Answer(answer.status_code, answer.headers.get("X-Model-Version", ""))
