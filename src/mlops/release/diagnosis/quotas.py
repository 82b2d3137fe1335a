"""Checks of the quotas of the configured instance types and builds, which new accounts often have at 0."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops.aws import quotas
from mlops.configuration import Configuration, Production
from mlops.release.diagnosis.findings import Results, ok, problem, unknown
from mlops.release.repository import Repository

# As SageMaker names them when it refuses an endpoint (ResourceLimitExceeded).
_SERVERLESS_MEMORY = "Memory size in MB per serverless endpoint"
_SERVERLESS_CONCURRENCY = "Maximum total concurrency that can be allocated across all serverless endpoints"
_COMPUTE_TYPE = re.compile(r"ComputeType: BUILD_GENERAL1_(?P<size>\w+)")


@dataclass(frozen=True)
class Need:
    """A quota by the service's code and its exact name, the least value, and what needs it."""

    service: str
    quota: str
    least: int
    purpose: str = "a release"


def needs(configuration: Configuration, builds: Path) -> list[Need]:
    """What a release, its monitoring and a batch need. `builds` is the template with the build projects."""
    instances, purposes = _training(configuration), dict[str, str]()
    # A release describes its data and evaluates its model one after the other, and monitoring does not wait for it.
    instances[f"{configuration.evaluation.instance_type} for processing job usage"] += 1
    monitored = f"{configuration.monitoring.instance_type} for processing job usage"
    if monitored not in instances:
        purposes[monitored] = "monitoring"
    instances[monitored] += 1
    batch = configuration.production.batch
    scored = f"{batch.InstanceType} for transform job usage"
    instances[scored], purposes[scored] = batch.InstanceCount, "a batch"
    for instance_type, count in _hosting(configuration):
        instances[f"{instance_type} for endpoint usage"] += count
    sizes = dict.fromkeys(_COMPUTE_TYPE.findall(builds.read_text(encoding="utf-8")), 1)
    return [
        *(Need("sagemaker", name, count, purposes.get(name, "a release")) for name, count in instances.items()),
        *_serverless(configuration),
        *(
            Need("codebuild", f"Concurrently running builds for Linux/{size.title()} environment", count)
            for size, count in sizes.items()
        ),
    ]


def check(repository: Repository) -> Results:
    """Each quota allows what is needed."""
    needed = needs(repository.configuration, repository.root / "infra" / "builds.yml")
    for service in dict.fromkeys(each.service for each in needed):
        own = [each for each in needed if each.service == service]
        found = quotas.values(repository.session, service, [each.quota for each in own])
        for need in own:
            value = found.get(need.quota)
            if value is None:
                yield unknown(f"Service Quotas lists no {need.quota!r} for {service}.", "Look for it in the console.")
            elif value < need.least:
                yield problem(
                    f"{need.quota} is {value:g}; {need.purpose} needs {need.least}.",
                    f"In the console: Service Quotas, {service}, {need.quota}, Request increase to {need.least} "
                    f"in {repository.session.region}; or configure another type.",
                )
            else:
                yield ok(f"{need.quota} is {value:g}; {need.purpose} needs {need.least}")


def _training(configuration: Configuration) -> Counter[str]:
    """Training instances that run at a time; a tuning job tries several sets of hyperparameters at once."""
    job, tuning = configuration.training_job, configuration.tuning["HyperParameterTuningJobConfig"]
    usage = "spot training job usage" if job.get("EnableManagedSpotTraining") else "training job usage"
    at_once = tuning["ResourceLimits"]["MaxParallelTrainingJobs"]
    resources = job["ResourceConfig"]
    found: Counter[str] = Counter()
    for group in resources.get("InstanceGroups") or [resources]:
        found[f"{group['InstanceType']} for {usage}"] += group["InstanceCount"] * at_once
        if resources.get("KeepAlivePeriodInSeconds"):
            found[f"{group['InstanceType']} for training warm pool usage"] += group["InstanceCount"]
    return found


def _hosting(configuration: Configuration) -> Iterator[tuple[str, int]]:
    """Instances of endpoints by type: under test, in production, and those that replace production's."""
    test, production = configuration.test, configuration.production
    if test.InstanceType:
        yield test.InstanceType, test.InitialInstanceCount
    if production.InstanceType:
        yield production.InstanceType, _with_replacement(production, production.InitialInstanceCount)
    if production.challenger:
        count = production.challenger.InitialInstanceCount
        yield production.InstanceType, _with_replacement(production, count)


def _serverless(configuration: Configuration) -> Iterator[Need]:
    """Memory and concurrency of serverless endpoints: under test, in production, and of the one that replaces it."""
    test, production = configuration.test.ServerlessConfig, configuration.production.ServerlessConfig
    found = [each for each in (test, production, production) if each]
    if found:
        yield Need("sagemaker", _SERVERLESS_MEMORY, max(each.MemorySizeInMB for each in found))
        yield Need("sagemaker", _SERVERLESS_CONCURRENCY, sum(each.MaxConcurrency for each in found))


def _with_replacement(production: Production, count: int) -> int:
    """A shift has old and new instances side by side; a rolling one replaces them batch by batch."""
    if production.shift.type == "rolling":
        return count + math.ceil(count * production.shift.percent / 100)
    return 2 * count
