"""Checks of what an endpoint runs on: instances, or SageMaker's serverless inference in their place."""

from __future__ import annotations

from mlops import shapes
from mlops.configuration.documents import Document
from mlops.configuration.models import Endpoint, Production, Qa, Serverless
from mlops.errors import InputProblem

_REQUIRED = ("InstanceType", "InitialInstanceCount", "InitialSamplingPercentage")
# Source: Amazon SageMaker Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference", feature exclusions.
_NOTHING = "nothing beside ServerlessConfig"
_NOT_SERVERLESS = {
    "InstanceType": f"{_NOTHING}: SageMaker chooses what a serverless endpoint runs on",
    "InitialInstanceCount": f"{_NOTHING}: a serverless endpoint has MaxConcurrency in place of instances",
    "InitialSamplingPercentage": (
        "0, or nothing, beside ServerlessConfig: SageMaker captures no requests of a serverless endpoint, so that "
        "monitoring has none to compare"
    ),
    "VpcConfig": f"{_NOTHING}: SageMaker runs no serverless endpoint in a VPC",
    "autoscaling": (
        f"{_NOTHING}: SageMaker starts what requests need, up to MaxConcurrency, and ProvisionedConcurrency is fixed"
    ),
    "challenger": f"{_NOTHING}: a serverless endpoint has one variant",
}


def problems(document: Document, endpoint: Endpoint) -> list[InputProblem]:
    """Return missing settings of instances, or what a serverless endpoint cannot have."""
    if endpoint.ServerlessConfig is None:
        allowed = "a value, it is required without ServerlessConfig"
        return [
            document.problem(key, shapes.MISSING, allowed) for key in _REQUIRED if key not in endpoint.model_fields_set
        ]
    refused = [
        document.problem(key, document.data[key], allowed)
        for key, allowed in _NOT_SERVERLESS.items()
        if getattr(endpoint, key, None)
    ]
    refused += _concurrency_problems(document, endpoint.ServerlessConfig)
    if isinstance(endpoint, Production) and endpoint.clients_call == "endpoint":
        allowed = (
            "api beside ServerlessConfig: each release has a serverless endpoint behind its version of the API's function, "
            "and CodeDeploy shifts the traffic; SageMaker documents no shift between serverless configurations"
        )
        refused.append(document.problem("clients_call", endpoint.clients_call, allowed))
    return refused


def load_problems(document: Document, qa: Qa, test: Endpoint) -> list[InputProblem]:
    """Return the problem of a load test with more clients than a serverless test endpoint serves at a time."""
    serverless = test.ServerlessConfig
    if serverless is None or qa.users <= serverless.MaxConcurrency:
        return []
    allowed = (
        f"at most {serverless.MaxConcurrency}, which is ServerlessConfig.MaxConcurrency in test.yml: SageMaker throttles "
        "more requests at a time"
    )
    return [document.problem("users", qa.users, allowed)]


def _concurrency_problems(document: Document, serverless: Serverless) -> list[InputProblem]:
    provisioned = serverless.ProvisionedConcurrency
    if provisioned is None or provisioned <= serverless.MaxConcurrency:
        return []
    allowed = f"at most MaxConcurrency ({serverless.MaxConcurrency})"
    return [document.problem("ServerlessConfig.ProvisionedConcurrency", provisioned, allowed)]
