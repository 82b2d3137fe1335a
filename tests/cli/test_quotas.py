"""`mlops doctor` computes the quotas that a release needs and compares them with those of the account."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import json_service
import pytest
from baking import GENERATED, REPOSITORY
from repository import Repository as Editable
from repository import to_serverless

from mlops import configuration
from mlops.release.diagnosis import checks, quotas
from mlops.release.diagnosis.findings import Finding
from mlops.release.repository import Repository

BUILDS = REPOSITORY / "infra" / "builds.yml"
SHIPPED_ROW = re.compile(r"\| (?P<service>SageMaker|CodeBuild) \| (?P<quota>[^|]+) \| (?P<least>\d+)")


@dataclass
class ServiceQuotas:
    """Service Quotas with these values, two on a page; `defaults` have no applied value."""

    applied: dict[str, float] = field(default_factory=dict)
    defaults: dict[str, float] = field(default_factory=dict)

    def respond(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        listed = self.applied if operation == "ListServiceQuotas" else self.defaults | self.applied
        own = [
            {"QuotaName": name, "Value": value}
            for name, value in listed.items()
            if ("Linux" in name) == (request["ServiceCode"] == "codebuild")
        ]
        first = int(request.get("NextToken", 0))
        more = {"NextToken": str(first + 2)} if first + 2 < len(own) else {}
        return {"Quotas": own[first : first + 2], **more}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceQuotas]:
    service = ServiceQuotas()
    with json_service.configured(monkeypatch, service.respond):
        yield service


@pytest.fixture
def editable(tmp_path: Path) -> Editable:
    return Editable(tmp_path)


def least(root: Path) -> dict[str, int]:
    """The least value of each needed quota of SageMaker, by the quota's name."""
    needed = quotas.needs(configuration.load(root), BUILDS)
    assert len({each.quota for each in needed}) == len(needed)
    return {each.quota: each.least for each in needed if each.service == "sagemaker"}


def test_the_shipped_configuration_needs_what_the_readme_says(editable: Editable):
    for file in (GENERATED / "configuration").iterdir():
        if file.name != "project.json":
            editable.write(file.name, file.read_text(encoding="utf-8"))
    rows = SHIPPED_ROW.findall((GENERATED / "README.md").read_text(encoding="utf-8"))
    documented = {quota.strip(): int(number) for service, quota, number in rows if service == "SageMaker"}
    assert least(editable.root) == documented


def test_a_build_of_each_size_is_needed(editable: Editable):
    needed = quotas.needs(configuration.load(editable.root), BUILDS)
    builds = {each.quota: each.least for each in needed if each.service == "codebuild"}
    names = (f"Concurrently running builds for Linux/{size} environment" for size in ("Small", "Medium", "Large"))
    assert builds == dict.fromkeys(names, 1)


CHANGES: dict[str, tuple[str, dict[str, Any], dict[str, int]]] = {
    "spot instances": (
        "trainingjob.json",
        {
            "EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
        },
        {"ml.m5.xlarge for spot training job usage": 2},
    ),
    "a training instance that is kept warm": (
        "trainingjob.json",
        {
            "ResourceConfig": {
                "InstanceType": "ml.m5.xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
                "KeepAlivePeriodInSeconds": 60,
            }
        },
        {"ml.m5.xlarge for training job usage": 2, "ml.m5.xlarge for training warm pool usage": 1},
    ),
    "another type under test": (
        "test.yml",
        {"InstanceType": "ml.c5.large"},
        {"ml.c5.large for endpoint usage": 1, "ml.m5.large for endpoint usage": 4},
    ),
    "four instances that are replaced by quarters": (
        "production.yml",
        {
            "clients_call": "endpoint",
            "InitialInstanceCount": 4,
            "autoscaling": None,
            "shift": {"type": "rolling", "percent": 25, "minutes": 1},
        },
        {"ml.m5.large for endpoint usage": 4 + 1 + 1},
    ),
    "a second variant": (
        "production.yml",
        {"challenger": {"VariantName": "B", "model_package_version": 1, "InitialInstanceCount": 1, "share": 0.1}},
        {"ml.m5.large for endpoint usage": 2 * (2 + 1) + 1},
    ),
    "monitoring on the type of the evaluation": (
        "monitoring.yml",
        {"instance_type": "ml.m5.large"},
        {"ml.m5.large for processing job usage": 2},
    ),
    "batches on two instances of another type": (
        "production.yml",
        {"batch": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2}},
        {"ml.c5.xlarge for transform job usage": 2},
    ),
    "a scaled production": (
        "production.yml",
        {
            "InitialInstanceCount": 3,
            "autoscaling": {"MinCapacity": 3, "MaxCapacity": 10, "invocations_per_instance": 1000},
        },
        {"ml.m5.large for endpoint usage": 2 * 3 + 1},
    ),
}


@pytest.mark.parametrize(("file", "values", "expected"), CHANGES.values(), ids=CHANGES)
def test_quotas_follow_the_configuration(
    editable: Editable, file: str, values: dict[str, Any], expected: dict[str, int]
):
    editable.change(file, lambda data: data.update(values))
    assert {name: number for name, number in least(editable.root).items() if name in expected} == expected


def test_serverless_endpoints_need_memory_and_concurrency_in_place_of_instances(editable: Editable):
    editable.change("production.yml", lambda data: to_serverless(data, MemorySizeInMB=3072))
    editable.change("test.yml", lambda data: to_serverless(data, MemorySizeInMB=1024, MaxConcurrency=10))
    needed = {quota: number for quota, number in least(editable.root).items() if "endpoint" in quota}
    assert needed == {
        "Memory size in MB per serverless endpoint": 3072,
        # Of the endpoint in production, of the one that replaces it, and of the one under test.
        "Maximum total concurrency that can be allocated across all serverless endpoints": 2 * 20 + 10,
    }


def found(root: Path) -> dict[str, Finding]:
    (root / "infra").mkdir()
    (root / "infra" / "builds.yml").write_bytes(BUILDS.read_bytes())
    [check] = [each for each in checks.CHECKS if each.name == "quotas"]
    findings = checks.examine(Repository(root), check, has_credentials=True)
    return {each.detail: each for each in findings}


def test_quotas_are_compared_by_their_exact_names_on_all_pages(editable: Editable, service: ServiceQuotas):
    service.applied = {
        "ml.m5.large for endpoint usage": 5,
        "ml.m5.large for training job usage": 9,
        "ml.m5.xlarge for processing job usage": 9,
        "ml.m5.xlarge for training job usage": 1,
        "ml.t3.medium for processing job usage": 0,
        "Concurrently running builds for Linux/Small environment": 0,
        "Concurrently running builds for Linux/Medium environment": 1,
    }
    service.defaults = {
        "ml.m5.large for transform job usage": 0,
        "ml.m5.large for processing job usage": 4,
        "ml.m5.large for endpoint usage": 0,
        "Concurrently running builds for Linux/Large environment": 1,
    }
    findings = found(editable.root)
    assert {detail: finding.state for detail, finding in findings.items()} == {
        "ml.m5.large for endpoint usage is 5; a release needs 5": "ok",
        "ml.m5.large for processing job usage is 4; a release needs 1": "ok",
        "ml.t3.medium for processing job usage is 0; monitoring needs 1.": "problem",
        "ml.m5.large for transform job usage is 0; a batch needs 1.": "problem",
        "ml.m5.xlarge for training job usage is 1; a release needs 2.": "problem",
        "Concurrently running builds for Linux/Small environment is 0; a release needs 1.": "problem",
        "Concurrently running builds for Linux/Medium environment is 1; a release needs 1": "ok",
        "Concurrently running builds for Linux/Large environment is 1; a release needs 1": "ok",
    }
    remedy = findings["ml.m5.xlarge for training job usage is 1; a release needs 2."].remedy
    assert (
        "Service Quotas, sagemaker, ml.m5.xlarge for training job usage, Request increase to 2 in eu-west-1" in remedy
    )


def test_a_quota_that_aws_does_not_list_is_not_checked(editable: Editable, service: ServiceQuotas):
    assert {each.state for each in found(editable.root).values()} == {"unknown"}
