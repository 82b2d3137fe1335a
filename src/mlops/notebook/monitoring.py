"""Captured requests, the release's baseline, and the runs of the job that compares them."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops.aws import endpoints, paging, polling, state_machines
from mlops.aws.monitoring_runs import DRIFT, PREFIX
from mlops.container.monitoring.titles import title
from mlops.errors import PipelineError
from mlops.names import RELEASE_VARIANT
from mlops.notebook.datasets import Dataset
from mlops.notebook.drift import Shift
from mlops.notebook.html import Shown, page, table, verdict
from mlops.progress import result
from mlops.release import Repository, invoke

_ROWS_PER_REQUEST = 20
# A run leaves out what was written in the two seconds before it.
_LEFT_OUT = timedelta(seconds=3)


@dataclass(frozen=True, repr=False)
class Captured(Shown):
    """`keys` are the objects with the records of the requests, below `prefix`; the last one was written at `written`."""

    prefix: str = ""
    keys: frozenset[str] = frozenset()
    written: datetime = datetime.min.replace(tzinfo=UTC)


def capture(repository: Repository, dataset: Dataset, requests: int = 40, shift: Shift | None = None) -> Captured:
    """Send rows of the test set to production, shifted or not, and wait until their records are captured.

    Capture takes minutes, a second in the local cloud.
    """
    sampled = repository.configuration.production.InitialSamplingPercentage
    if not sampled:
        raise PipelineError(
            "Production captures nothing: InitialSamplingPercentage in configuration/production.yml is 0."
        )
    client, bucket, prefix = repository.session.client("s3"), repository.bucket, _captured(repository)
    began = datetime.now(UTC).replace(microsecond=0)
    before = _objects(client, bucket, prefix).keys()
    rows = itertools.cycle(dataset.rows("test"))
    for _ in range(requests):
        batch = [shift.of(dataset, row) if shift else row for row in itertools.islice(rows, _ROWS_PER_REQUEST)]
        lines = (",".join(row[each.name] for each in dataset.features) for row in batch)
        invoke(repository, "".join(f"{line}\n" for line in lines).encode())
    # Of a sample, half of the expected number may have been drawn.
    expected = requests if sampled == 100 else max(1, requests * sampled // 200)
    backoff = polling.Backoff()
    while True:
        new = {key: at for key, at in _objects(client, bucket, prefix).items() if key not in before}
        records = [json.loads(line) for key in sorted(new) for line in _text(client, bucket, key).splitlines()]
        records = [each for each in records if _moment(each) >= began]
        if len(records) >= expected:
            shown = _records(records, f"s3://{bucket}/{prefix}")
            return Captured(shown.html, prefix, frozenset(new), max(new.values()))
        backoff.sleep()


def baseline(repository: Repository, job: Any) -> Shown:
    """Statistics and constraints that a job of SageMaker's SDK (ProcessingJob) computed from the training data."""
    [output] = job.processing_output_config.outputs
    bucket, _, prefix = output.s3_output.s3_uri.removeprefix("s3://").partition("/")
    client = repository.session.client("s3")
    statistics = json.loads(_text(client, bucket, f"{prefix}/statistics.json"))
    constraints = json.loads(_text(client, bucket, f"{prefix}/constraints.json"))
    limits = {each["name"]: each for each in constraints["features"]}
    return table(
        ("Column", "Type", "Present", "Mean", "Deviation", "Least", "Most", "Allowed"),
        (_statistics(each, limits.get(each["name"], {})) for each in statistics["features"]),
    )


def monitor(repository: Repository, captured: Captured, *, report: bool = False) -> Shown:
    """Run the state machine of the monitoring until it has compared the captured records; show its violations.

    Runs by the schedule count too; of several, the one with the most violations is shown. `report` adds the job's page.
    """
    client, bucket = repository.session.client("s3"), repository.bucket
    backoff = polling.Backoff()
    while datetime.now(UTC) < captured.written + _LEFT_OUT:
        backoff.sleep()
    while True:
        runs = {run: keys for run, keys in _runs(client, bucket, captured.prefix).items() if keys & captured.keys}
        if captured.keys <= frozenset().union(*runs.values()):
            break
        _run(repository)
        backoff.sleep()
    counted = {run: json.loads(_text(client, bucket, f"{PREFIX}{run}/metrics.json")) for run in runs}
    run = max(counted, key=lambda each: (counted[each]["violations"], counted[each]["rows"]))
    document = json.loads(_text(client, bucket, f"{PREFIX}{run}/constraint_violations.json"))
    shown = violations(document, counted[run].get("target"))
    return shown + page(_text(client, bucket, f"{PREFIX}{run}/report.html")) if report else shown


def violations(document: dict[str, Any], target: str | None = None) -> Shown:
    """The violations of a constraint_violations.json: drift in red, others in yellow. Those of `target` are of predictions."""
    found = sorted(document["violations"], key=lambda each: each["constraint_check_type"] != DRIFT)
    if not found:
        return verdict("good", "✓", "No violations", "The captured requests are like the data of the training.")
    drifted = [title(each["feature_name"], target) for each in found if each["constraint_check_type"] == DRIFT]
    words = f"Drift of {', '.join(drifted)}" if drifted else "No drift"
    return verdict("bad" if drifted else "wait", "!", f"{len(found)} violations", words) + table(
        ("Column", "Check", "Found"),
        (
            (
                title(each["feature_name"], target),
                each["constraint_check_type"].removesuffix("_check"),
                each["description"],
            )
            for each in found
        ),
        ["bad" if each["constraint_check_type"] == DRIFT else "wait" for each in found],
    )


def _run(repository: Repository) -> None:
    """Run the state machine of the monitoring, or wait for the run that the schedule has started."""
    session = repository.session
    arn = state_machines.find(session, repository.names, "monitoring")
    execution, *_ = state_machines.running(session, arn) or [state_machines.start(session, arn)]
    ended = result(state_machines.follow(session, execution))
    if ended["status"] != state_machines.SUCCEEDED:
        raise PipelineError(f"{arn.rpartition(':')[2]} has failed: {ended.get('cause', ended['status'])}")


def _runs(client: Any, bucket: str, prefix: str) -> dict[str, frozenset[str]]:
    """The objects that each run which has ended has read, by the run's name."""
    ended = [
        key.split("/")[-2] for key in _objects(client, bucket, PREFIX) if key.endswith("/constraint_violations.json")
    ]
    manifests = {run: json.loads(_text(client, bucket, f"{PREFIX}{run}/manifest.json")) for run in ended}
    return {run: frozenset(f"{prefix}{name}" for name in names) for run, (_, *names) in manifests.items()}


def _captured(repository: Repository) -> str:
    endpoint = endpoints.name_of(repository.session, repository.names, "production")
    return f"capture/{endpoint}/{RELEASE_VARIANT}/"


def _records(records: list[dict[str, Any]], location: str) -> Shown:
    last = records[-1]["captureData"]
    rows = [
        (part, last[key]["observedContentType"], "\n".join(last[key]["data"].splitlines()[:2]))
        for part, key in (("request", "endpointInput"), ("response", "endpointOutput"))
    ]
    note = f'<p class="note">{len(records)} records below {location}, the first rows of the last one:</p>'
    return Shown(note) + table(("Part", "Type", "Data"), rows)


def _statistics(feature: dict[str, Any], limits: dict[str, Any]) -> tuple[object, ...]:
    numbers, text = feature.get("numerical_statistics"), feature.get("string_statistics")
    common = (numbers or text or {})["common"]
    present = common["num_present"]
    if numbers:
        shown = (numbers["mean"], numbers["std_dev"], numbers["min"], numbers["max"])
        allowed = "not negative" if limits.get("num_constraints", {}).get("is_non_negative") else ""
        return feature["name"], feature["inferred_type"], present, *shown, allowed
    domains = limits.get("string_constraints", {}).get("domains", [])
    return feature["name"], feature["inferred_type"], present, "", "", "", "", ", ".join(map(str, domains))


def _moment(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["eventMetadata"]["inferenceTime"])


def _objects(client: Any, bucket: str, prefix: str) -> dict[str, datetime]:
    """The keys below a prefix, and when their objects were written."""
    listed = paging.items(client, "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
    return {each["Key"]: each["LastModified"] for each in listed}


def _text(client: Any, bucket: str, key: str) -> str:
    return client.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8", "replace")
