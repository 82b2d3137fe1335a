"""CloudWatch metrics of endpoints, by variant.

Names, units and dimensions are those of "SageMaker AI endpoint invocation metrics" in the SageMaker developer guide:
an error counts 0 or 1 for each invocation, so that the average is the share of errors; latencies are microseconds.
"""

from mlops.localcloud.cloudwatch import metrics

_NAMESPACE = "AWS/SageMaker"


def count(
    endpoint: str,
    variant: str,
    configuration: str,
    status: int,
    model_seconds: float,
    overhead_seconds: float,
    instances: int | None,
) -> None:
    """Count one invocation. `status` is the container's HTTP status, 0 for none; `model_seconds` is its time.

    `overhead_seconds` is the rest of the request's time. `instances` is None for a serverless endpoint. `configuration`
    is the endpoint configuration where an update of the endpoint started this fleet, empty for the endpoint's first one.
    Source: Amazon SageMaker Developer Guide, "Auto-rollback configuration and monitoring".
    """
    # A container that does not answer at all has no status.
    failed = status >= 500 or not status
    values = {
        "Invocations": ("None", 1.0),
        "Invocation4XXErrors": ("None", float(400 <= status < 500)),
        "Invocation5XXErrors": ("None", float(failed)),
        "InvocationModelErrors": ("None", float(not 200 <= status < 300)),
        "ModelLatency": ("Microseconds", 1e6 * model_seconds),
        "OverheadLatency": ("Microseconds", 1e6 * overhead_seconds),
    }
    if instances is not None:
        values["InvocationsPerInstance"] = ("None", 1.0 / max(1, instances))
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    metrics.measure(_NAMESPACE, dimensions, values)
    if configuration:
        metrics.measure(_NAMESPACE, {**dimensions, "EndpointConfigName": configuration}, values)


def measure_concurrency(endpoint: str, variant: str, share: float) -> None:
    """Measure the share of a serverless endpoint's concurrency that is in use."""
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    metrics.measure(_NAMESPACE, dimensions, {"ServerlessConcurrentExecutionsUtilization": ("None", share)})


def measure_cold_start(endpoint: str, variant: str, seconds: float) -> None:
    """Measure a cold start: the time that a request has waited for a serverless container."""
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    metrics.measure(_NAMESPACE, dimensions, {"ModelSetupTime": ("Microseconds", 1e6 * seconds)})
