"""The files that are this repository's own. AWS's requests are checked against botocore instead."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat
from pydantic_core import PydanticCustomError

from mlops.names import BUCKET_FOLDERS


def _no_folder(name: str) -> str:
    if name in BUCKET_FOLDERS:
        raise PydanticCustomError("folder", f"any other name than {', '.join(sorted(BUCKET_FOLDERS))}")
    return name


def _text(pattern: str, longest: int, allowed: str) -> Any:
    """A text that matches a pattern. Messages have `allowed` in its place."""
    return Field(pattern=pattern, max_length=longest, description=allowed)


def _words(longest: int) -> Any:
    allowed = (
        f"1 to {longest} characters: lower-case letters, digits and single hyphens between them, beginning with a "
        "letter, such as 'taxi-fares'"
    )
    return _text(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest, allowed)


# The rules and the texts of the first six are those of the template's hooks/pre_gen_project.py, which runs without this
# package; a test compares them.
_ProjectName = Annotated[str, _words(23), AfterValidator(_no_folder)]
_ModelName = Annotated[str, _words(20)]
_Region = Annotated[
    str, _text(r"^[a-z]{2,4}(-[a-z]+)+-[1-9][0-9]?$", 14, "a region's code, such as 'us-east-1' or 'eu-central-1'")
]
_Email = Annotated[
    str,
    _text(
        r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}$",
        254,
        "an e-mail address, such as 'team@example.com'",
    ),
]
_Owner = Annotated[
    str, _text(r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", 39, "1 to 39 letters, digits and single hyphens between them")
]
_RepositoryName = Annotated[
    str,
    _text(
        r"^\.*[A-Za-z0-9_-][A-Za-z0-9._-]*$",
        100,
        "1 to 100 letters, digits, hyphens, underscores and dots, without the owner",
    ),
]
_TrackingUri = Annotated[
    str,
    _text(
        r"^(https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[^\s@?#]*)?"
        r"|arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:mlflow-(app|tracking-server)/[A-Za-z0-9-]+)?$",
        2048,
        "the address of an MLflow server, such as 'https://mlflow.example.com', without a password; the ARN of SageMaker's "
        "managed one; or '' for none",
    ),
]
_Positive = Annotated[FiniteFloat, Field(gt=0)]
_LARGEST = 2**31 - 1
_RATE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d{1,5}) (minutes|hours|days))\)")
_CRON = re.compile(r"cron\([0-9*,/-]+ [0-9*,/-]+ [0-9*,/?LW-]+ [0-9A-Z*,/-]+ [0-9A-Z*,/?#-]+ [0-9*,/-]+\)")
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_DAY_SECONDS = _UNIT_SECONDS["day"]
_Count = Annotated[int, Field(ge=1, le=_LARGEST)]


def _schedule(expression: str) -> str:
    """EventBridge's forms; it refuses a day of the month beside a day of the week."""
    if _RATE.fullmatch(expression):
        return expression
    if not _CRON.fullmatch(expression):
        raise PydanticCustomError(
            "schedule",
            "rate(1 hour), rate(2 hours) or another rate, or a time in UTC of six fields, such as cron(0 6 * * ? *) for "
            "6:00 each day: minute, hour, day of the month, month, day of the week, year; exactly one of the days is ?",
        )
    minute, hour, day, month, weekday, year = expression.removeprefix("cron(").removesuffix(")").split()
    if (day == "?") != (weekday == "?"):
        return expression
    by_day = f"cron({minute} {hour} {'*' if day == '?' else day} {month} ? {year})"
    by_weekday = f"cron({minute} {hour} ? {month} {'*' if weekday == '?' else weekday} {year})"
    raise PydanticCustomError(
        "schedule",
        f"{by_day} or {by_weekday}: of the day of the month (third field) and the day of the week (fifth field), exactly "
        "one must be ?",
    )


def _rate(expression: str) -> str:
    """EventBridge's rate of at most a day, whose seconds are the periods of an alarm."""
    if _RATE.fullmatch(expression) and _seconds(expression) <= _DAY_SECONDS:
        return expression
    raise PydanticCustomError("rate", "rate(5 minutes), rate(1 hour) or another rate, up to rate(1 day)")


def _seconds(expression: str) -> int:
    """The interval of a rate expression."""
    count, unit = expression.removeprefix("rate(").rstrip(")").split()
    return int(count) * _UNIT_SECONDS[unit.rstrip("s")]


_DURATION = re.compile(r"P(?=.)(?:(\d{1,3})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?")
_MOST_DAYS = 80
"""Captured records expire after 90 days."""


def _of_duration(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    days, hours, minutes, seconds = (int(part or 0) for part in (found.groups() if found else ("", "", "", "")))
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if not found or not 1 <= total <= _MOST_DAYS * 86_400:
        raise PydanticCustomError("duration", f"a duration such as PT24H, P7D or PT90M, from PT1S to P{_MOST_DAYS}D")
    return total


class _File(BaseModel):
    # Strict: "2" is not a number of instances, and 1.0 is not one either.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Project(_File):
    """project.json: the answers that the repository was generated with, and where runs are tracked.

    `tracking_uri` is an MLflow server's address or the ARN of SageMaker's managed one; empty for none. It has no password,
    which MLflow's client reads from MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
    """

    project: _ProjectName
    model: _ModelName
    region: _Region
    notification_email: _Email
    github_owner: _Owner
    github_repository: _RepositoryName
    tracking_uri: _TrackingUri = ""


class MetricGate(_File):
    """What a release must reach. `bound` is in the metric's unit, `allowed_regression` a share of production's value."""

    bound: FiniteFloat
    allowed_regression: Annotated[FiniteFloat, Field(ge=0, le=1)]


class Evaluation(_File):
    """evaluation.yml. `metrics` are those of the gate by name; their goals are those of `mlops.metrics`."""

    instance_type: str
    metrics: dict[str, MetricGate]
    compare_with_production: bool = True


class Vpc(_File):
    """SageMaker's VpcConfig."""

    Subnets: Annotated[list[str], Field(min_length=1, max_length=16)]
    SecurityGroupIds: Annotated[list[str], Field(min_length=1, max_length=5)]


class Serverless(_File):
    """SageMaker's ServerlessConfig: `MaxConcurrency` requests at a time, `ProvisionedConcurrency` of them without a start."""

    MemorySizeInMB: Literal[1024, 2048, 3072, 4096, 5120, 6144]
    MaxConcurrency: Annotated[int, Field(ge=1, le=200)]
    ProvisionedConcurrency: Annotated[int, Field(ge=1, le=200)] | None = None


class Endpoint(_File):
    """test.yml. `InitialSamplingPercentage` is in percent, 0 captures nothing.

    With `ServerlessConfig` it has no instances: `InstanceType` is empty, and the two numbers are 0.
    """

    InstanceType: str = ""
    InitialInstanceCount: _Count = 0
    InitialSamplingPercentage: Annotated[int, Field(ge=0, le=100)] = 0
    ServerlessConfig: Serverless | None = None
    VpcConfig: Vpc | None = None


class Shift(_File):
    """The shift of traffic to a new release: `percent` of it first or with each step, `minutes` apart."""

    type: Literal["all_at_once", "canary", "linear", "rolling"] = "canary"
    percent: Annotated[int, Field(ge=1, le=50)] = 10
    minutes: Annotated[int, Field(ge=1, le=60)] = 5

    @property
    def steps(self) -> int:
        """How often it waits before the release has all traffic."""
        return 1 if self.type in ("all_at_once", "canary") else math.ceil(100 / self.percent)

    @property
    def waiting_minutes(self) -> int:
        return self.steps * self.minutes


class Alarms(_File):
    """What takes a release back: over one of these within a minute. The latency is the 99th percentile."""

    errors_per_minute: _Count = 5
    # SageMaker waits 60 s for an answer: a longer latency would never be seen.
    latency_milliseconds: Annotated[FiniteFloat, Field(ge=0.001, le=60_000)] = 1000.0


class Autoscaling(_File):
    """Application Auto Scaling of the release's variant. The target is in requests per minute and instance."""

    MinCapacity: _Count
    MaxCapacity: _Count
    invocations_per_instance: Annotated[FiniteFloat, Field(ge=0.01, le=_LARGEST)]


class Challenger(_File):
    """A second production variant (A/B): a version of the model package group, its share of the traffic."""

    VariantName: Annotated[
        str, _text(r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", 63, "1 to 63 letters, digits, and hyphens between them")
    ]
    model_package_version: _Count
    InitialInstanceCount: _Count = 1
    share: Annotated[FiniteFloat, Field(ge=0.001, le=0.999)]


class Api(_File):
    """The REST API in front of the endpoint. `VpcConfig` is that of its functions."""

    authentication: Literal["iam", "api_key"] = "iam"
    requests_per_second: Annotated[FiniteFloat, Field(ge=0.01, le=_LARGEST)] = 100.0
    burst: Annotated[int, Field(ge=1, le=5000)] = 200
    max_rows: _Count = 1000
    # Lambda takes 6 MB, in which API Gateway's envelope and base64 have to fit.
    max_bytes: Annotated[int, Field(ge=1, le=4_000_000)] = 1_000_000
    VpcConfig: Vpc | None = None


class Batch(_File):
    """The instances of transform jobs (`mlops batch`). Their type's quota is "for transform job usage"."""

    InstanceType: str = "ml.m5.large"
    InstanceCount: Annotated[int, Field(ge=1, le=100)] = 1


class Production(Endpoint):
    """production.yml: the endpoint that clients call, directly or through the API."""

    clients_call: Literal["api", "endpoint"]
    shift: Shift = Shift()
    alarms: Alarms = Alarms()
    autoscaling: Autoscaling | None = None
    challenger: Challenger | None = None
    api: Api = Api()
    batch: Batch = Batch()


class Qa(_File):
    """qa.yml. `spawn_rate` is in users per second, `minimum_throughput` in requests per second.

    `wait_milliseconds` is a user's pause between two requests.
    """

    users: Annotated[int, Field(ge=1, le=10_000)]
    spawn_rate: _Positive
    duration_seconds: Annotated[int, Field(ge=5, le=3600)]
    rows_per_request: Annotated[int, Field(ge=1, le=10_000)]
    wait_milliseconds: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    p95_milliseconds: _Positive
    p99_milliseconds: _Positive
    failure_ratio: Annotated[FiniteFloat, Field(ge=0, le=1)]
    minimum_throughput: Annotated[FiniteFloat, Field(ge=0)]


_Schedule = Annotated[str, AfterValidator(_schedule), Field(max_length=256)]


class Retraining(_File):
    """What starts a release of production's code with newer data, besides commits and people."""

    on_drift: bool = True
    on_data: bool = False
    schedule: _Schedule | None = None
    minimum_hours: Annotated[FiniteFloat, Field(ge=0, le=8760)] = 24.0


def _duration(text: str) -> str:
    _of_duration(text)
    return text


_Duration = Annotated[str, AfterValidator(_duration)]


class Quality(_File):
    """When predictions are judged by ground truth: at that age, and at most so often. Both are ISO 8601's durations."""

    labels_arrive_within: _Duration
    every: _Duration = "PT24H"

    @property
    def age(self) -> int:
        """Of predictions that are judged, in seconds."""
        return _of_duration(self.labels_arrive_within)

    @property
    def pause(self) -> int:
        """Between two judgements, in seconds."""
        return _of_duration(self.every)


class Monitoring(_File):
    """monitoring.yml. The drift alarm rings when a run finds more than `violations`. Without `quality`, none is judged.

    `synthetic_check` is the rate at which the API is called with golden rows, None for never.
    """

    schedule: _Schedule = "rate(1 hour)"
    instance_type: str
    violations: Annotated[int, Field(ge=0, le=_LARGEST)] = 0
    synthetic_check: Annotated[str, AfterValidator(_rate), Field(max_length=256)] | None = None
    quality: Quality | None = None
    retraining: Retraining = Retraining()

    @property
    def synthetic_seconds(self) -> int:
        """The interval of the synthetic check; 0 without one."""
        return _seconds(self.synthetic_check) if self.synthetic_check else 0
