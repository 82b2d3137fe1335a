"""Runs all checks of QA in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from mlops import names
from mlops.aws import api
from mlops.aws.session import Session
from mlops.configuration import Configuration
from mlops.contract import Target, problem_type
from mlops.errors import MlopsError, PipelineError
from mlops.qa import accuracy, checks, golden, load, released, testset, verdict
from mlops.qa.client import ApiClient, Client
from mlops.qa.golden import Golden
from mlops.qa.result import Check, Result
from mlops.qa.testset import TestSet

_GOLDEN_ROWS = 50


@dataclass(frozen=True)
class ReleaseUnderTest:
    """The release to test: its stage, its pipeline execution, its data version, and the bucket with its files."""

    stage: Literal["test", "production"]
    execution_id: str
    data_version: str
    bucket: str


def run(
    session: Session,
    configuration: Configuration,
    release: ReleaseUnderTest,
    root: Path,
    output: Path,
    *,
    smoke: bool,
    on_check: Callable[[Check], None],
) -> Result:
    """Test the endpoint of `release.stage` and write qa.json and locust's files to `output`.

    With `smoke`, only predictions of golden rows and refusals are checked: production must not get a load test, nor
    its captured data a test set. An endpoint that cannot be called is a failed check in the result, not an exception.
    `root` is the repository; `on_check` is called after each check.
    """
    client = _client(session, configuration, release)
    result = Result(client.endpoint, release.execution_id, datetime.now(UTC), on_check)
    output.mkdir(parents=True, exist_ok=True)
    try:
        rows, target = _check_answers(session, configuration, release, client, result, output)
        if not smoke:
            _check_accuracy(session, configuration, release, client, rows, target, result)
            settings = configuration.qa
            result.load = load.run(root, output, client.endpoint, session.region, rows.rows, settings)
            result.add(*verdict.judge(result.load, settings))
    except MlopsError as error:
        result.add(Check("can be tested", False, None, None, "", str(error)))
    result.ended = datetime.now(UTC)
    result.write(output / "qa.json")
    return result


def _client(session: Session, configuration: Configuration, release: ReleaseUnderTest) -> Client:
    """A client that calls production as its clients do: by the API, if there is one."""
    if release.stage == "production" and configuration.production.clients_call == "api":
        entrance = api.find(session, configuration.names)
        if entrance is None:
            raise PipelineError(f"There is no stack {configuration.names.stack('api')}. Run: mlops deploy")
        return ApiClient(entrance)
    return Client(session, configuration.names.endpoint(release.stage))


def _released_itself(
    session: Session, configuration: Configuration, release: ReleaseUnderTest, client: Client
) -> Client:
    """A client of the released model alone, also when a challenger shares the traffic."""
    if release.stage == "test" or configuration.production.challenger is None:
        return client
    own, has_api = configuration.names, configuration.production.clients_call == "api"
    endpoint = own.release_endpoint(release.execution_id) if has_api else own.endpoint("production")
    return Client(session, endpoint, names.RELEASE_VARIANT)


def _check_answers(
    session: Session,
    configuration: Configuration,
    release: ReleaseUnderTest,
    client: Client,
    result: Result,
    output: Path,
) -> tuple[TestSet, Target]:
    model = released.load(session, release.bucket, release.execution_id)
    features = [feature.name for feature in model.features]
    rows = testset.load(session, release.bucket, release.data_version, model.target, features)
    sample = rows.sample(_GOLDEN_ROWS)
    expected = released.predict(model, sample.rows, golden.TOLERANCE)
    golden_rows = Golden(sample.rows, expected, instances=sample.values(), bad_requests=checks.bad_requests(sample))
    if release.stage == "test":
        golden.write(golden_rows, output / PurePosixPath(names.golden_rows_key(release.execution_id)).name)
    itself = _released_itself(session, configuration, release, client)
    result.add(checks.golden_rows(itself, golden_rows))
    result.add(checks.formats_agree(itself, sample))
    result.add(*checks.bad_rows(client, sample))
    return rows, model.target


def _check_accuracy(
    session: Session,
    configuration: Configuration,
    release: ReleaseUnderTest,
    client: Client,
    rows: TestSet,
    target: Target,
    result: Result,
) -> None:
    result.accuracy = accuracy.measure(client, rows, target)
    key = names.evaluation_key(release.execution_id)
    answer = session.client("s3").get_object(Bucket=release.bucket, Key=key)
    evaluation = json.loads(answer["Body"].read())
    result.add(*accuracy.judge(result.accuracy, evaluation, configuration.evaluation, problem_type(target)))
