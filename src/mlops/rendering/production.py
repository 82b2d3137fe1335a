"""Parameters of production alone: the traffic shift, its alarms, autoscaling, and the challenger."""

from __future__ import annotations

from mlops import names
from mlops.configuration import Api, Configuration, Monitoring, Production
from mlops.rendering.release import Release, Request

# SageMaker's minimum is 10 minutes. It must abandon and roll back a deployment before CloudFormation's two hours end.
_MIN_TIMEOUT_SECONDS, _MAX_TIMEOUT_SECONDS = 600, 6_900
# A schedule and an alarm's periods begin at different times: two intervals contain at least one check.
_INTERVALS_OF_ALARM = 2
# For starting instances, in addition to the pauses between the steps.
_SETUP_SECONDS = 1800


def guards(production: Production) -> Request:
    """Return the parameters of infra/endpoint.yml that only production has."""
    shift, alarms, scaling = production.shift, production.alarms, production.autoscaling
    return {
        "ClientsCall": production.clients_call,
        "Guarded": "true",
        "ShiftType": shift.type.upper(),
        "ShiftPercent": str(shift.percent),
        "ShiftMinutes": str(shift.minutes),
        "ShiftSeconds": str(60 * shift.minutes),
        "ShiftTimeoutSeconds": str(_timeout_seconds(production)),
        "ErrorsPerMinute": str(alarms.errors_per_minute),
        "LatencyMicroseconds": f"{1000 * alarms.latency_milliseconds:.0f}",
        "MinCapacity": str(scaling.MinCapacity if scaling else 0),
        "MaxCapacity": str(scaling.MaxCapacity if scaling else 0),
        "InvocationsPerInstance": f"{scaling.invocations_per_instance:.15g}" if scaling else "1",
    }


def shared_traffic(configuration: Configuration, release: Release, stage: names.Stage) -> Request:
    """Return the parameters of the second variant: a name only where production has one."""
    challenger = configuration.production.challenger
    if stage == "test" or challenger is None or release.challenger is None:
        none = (
            "ChallengerName",
            "ChallengerResourceName",
            "ChallengerImage",
            "ChallengerModelDataUrl",
            "ChallengerExecutionId",
        )
        return dict.fromkeys(none, "")
    return {
        "ChallengerName": challenger.VariantName,
        "ChallengerResourceName": configuration.names.challenger(release.execution_id),
        "ChallengerImage": release.challenger.container.image,
        "ChallengerModelDataUrl": release.challenger.container.model_data_url,
        "ChallengerExecutionId": release.challenger.execution_id,
        "ChallengerInitialInstanceCount": str(challenger.InitialInstanceCount),
        "ChallengerWeight": f"{challenger.share:g}",
        "ReleaseWeight": f"{1 - challenger.share:g}",
    }


def functions(api: Api, release: Release) -> Request:
    """Return the parameters of the functions in front of the endpoint, apart from their code."""
    return {
        "FunctionsBucket": release.bucket,
        "MaxRows": str(api.max_rows),
        "MaxBytes": str(api.max_bytes),
        "FunctionSubnets": ",".join(api.VpcConfig.Subnets) if api.VpcConfig else "",
        "FunctionSecurityGroupIds": ",".join(api.VpcConfig.SecurityGroupIds) if api.VpcConfig else "",
    }


def synthetic_check(monitoring: Monitoring) -> Request:
    """Return the parameters of the scheduled check of the API, which infra/endpoint.yml has only with an API."""
    if not monitoring.synthetic_check:
        return {"SyntheticSchedule": ""}
    return {
        "SyntheticSchedule": monitoring.synthetic_check,
        "SyntheticAlarmSeconds": str(_INTERVALS_OF_ALARM * monitoring.synthetic_seconds),
    }


def _timeout_seconds(production: Production) -> int:
    """Twice the pauses of all steps together, and time to start the instances."""
    seconds = 2 * 60 * production.shift.waiting_minutes + _SETUP_SECONDS
    return max(_MIN_TIMEOUT_SECONDS, min(seconds, _MAX_TIMEOUT_SECONDS))
