"""All of QA in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mlops import names
from mlops.aws.session import Session
from mlops.configuration import Configuration
from mlops.errors import MlopsError
from mlops.qa import accuracy, checks, load, released, testset, verdict
from mlops.qa.client import Client
from mlops.qa.result import Check, Result
from mlops.qa.testset import TestSet

_KNOWN_ROWS = 50


@dataclass(frozen=True)
class Release:
    """What is tested: the pipeline execution that released it, its data, and where both left their files."""

    stage: Literal["test", "production"]
    execution_id: str
    data_version: str
    bucket: str


def run(
    session: Session,
    configuration: Configuration,
    release: Release,
    root: Path,
    output: Path,
    *,
    smoke: bool,
    on_check: Callable[[Check], None],
) -> Result:
    """Test the endpoint of `release.stage` and leave qa.json (and what locust wrote) in `output`.

    `smoke` asks only whether it answers rightly: production is not the place for a load, nor its captured
    data for a test set. An endpoint that cannot be asked is a failed check in the result, not an exception.
    `root` is the repository, `on_check` hears of each check as it is done.
    """
    client = Client(session, configuration.names.endpoint(release.stage))
    result = Result(client.endpoint, release.execution_id, datetime.now(UTC), on_check)
    output.mkdir(parents=True, exist_ok=True)
    try:
        rows = _check_answers(session, configuration, release, client, result)
        if not smoke:
            _check_accuracy(session, configuration, release, client, rows, result)
            settings = configuration.qa
            result.load = load.run(root, output, client.endpoint, session.region, rows.rows, settings)
            result.add(*verdict.judge(result.load, settings))
    except MlopsError as error:
        result.add(Check("can be tested", False, None, None, "", str(error)))
    result.ended = datetime.now(UTC)
    result.write(output / "qa.json")
    return result


def _check_answers(
    session: Session, configuration: Configuration, release: Release, client: Client, result: Result
) -> TestSet:
    model = released.load(session, release.bucket, configuration.names.job(release.execution_id))
    features = [feature.name for feature in model.features]
    rows = testset.load(session, release.bucket, release.data_version, model.target.name, features)
    known = rows.known(_KNOWN_ROWS)
    result.add(checks.known_rows(client, known, model.predict_csv("\n".join(known.rows))))
    result.add(checks.formats_agree(client, known))
    result.add(*checks.bad_rows(client, known))
    return rows


def _check_accuracy(
    session: Session,
    configuration: Configuration,
    release: Release,
    client: Client,
    rows: TestSet,
    result: Result,
) -> None:
    result.accuracy = accuracy.measure(client, rows)
    key = names.evaluation_key(release.execution_id)
    answer = session.client("s3").get_object(Bucket=release.bucket, Key=key)
    evaluation = json.loads(answer["Body"].read())
    result.add(*accuracy.judge(result.accuracy, evaluation, configuration.evaluation))
