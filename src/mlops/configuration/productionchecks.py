"""Checks between values of production.yml, such as the type of the shift and what clients call."""

from __future__ import annotations

from mlops import names
from mlops.configuration.documents import Document
from mlops.configuration.models import Production
from mlops.errors import InputProblem
from mlops.instances import is_burstable

# CloudFormation's handlers of AWS::Lambda::Alias and AWS::SageMaker::Endpoint give an update two hours.
_UPDATE_MINUTES = 120
_OTHER_MINUTES = {
    "api": {"the check before": 5, "the check after": 15, "starting them": 5},
    "endpoint": {"starting and stopping instances": 20},
}


def problems(document: Document, production: Production) -> list[InputProblem]:
    """Return what CodeDeploy, SageMaker or Application Auto Scaling would refuse only in the Production stage."""
    return [
        *_shift_problems(document, production),
        *_autoscaling_problems(document, production),
        *_challenger_problems(document, production),
    ]


def _shift_problems(document: Document, production: Production) -> list[InputProblem]:
    shift = production.shift
    problems = []
    if shift.type == "rolling" and production.clients_call == "api":
        allowed = "canary, linear or all_at_once where clients_call is api; rolling only where it is endpoint"
        problems.append(document.problem("shift.type", shift.type, allowed))
    if production.clients_call == "endpoint" and shift.type == "linear" and shift.percent < 10:
        problems.append(document.problem("shift.percent", shift.percent, "10 to 50 for steps of an endpoint"))
    if production.clients_call == "endpoint" and shift.type == "rolling" and shift.percent < 5:
        problems.append(document.problem("shift.percent", shift.percent, "5 to 50 for batches of an endpoint"))
    if not problems and shift.waiting_minutes > (most := _most_waiting_minutes(production.clients_call)):
        problems.append(document.problem("shift.minutes", shift.minutes, _arithmetic(production, most)))
    return problems


def _most_waiting_minutes(clients_call: str) -> int:
    return _UPDATE_MINUTES - sum(_OTHER_MINUTES[clients_call].values())


def _arithmetic(production: Production, most: int) -> str:
    """The allowed minutes and their calculation: CloudFormation would time out while a longer shift continues."""
    shift = production.shift
    steps = f"{shift.steps} step{'s' if shift.steps > 1 else ''} of {shift.minutes} minutes"
    others = ", ".join(
        f"{minutes} for {purpose}" for purpose, minutes in _OTHER_MINUTES[production.clients_call].items()
    )
    allowed = f"minutes: at most {most // shift.steps}" if most >= shift.steps else "a higher percent"
    return (
        f"{allowed} ({steps} wait {shift.waiting_minutes} minutes; of the {_UPDATE_MINUTES} that CloudFormation gives "
        f"an update, {most} are left after {others})"
    )


def _autoscaling_problems(document: Document, production: Production) -> list[InputProblem]:
    scaling, count = production.autoscaling, production.InitialInstanceCount
    if scaling is None or not production.InstanceType:
        return []
    if is_burstable(production.InstanceType):
        allowed = (
            "a type that is not burstable, such as ml.m5.large, or no autoscaling: SageMaker does not scale this one"
        )
        return [document.problem("InstanceType", production.InstanceType, allowed)]
    if scaling.MaxCapacity < scaling.MinCapacity:
        allowed = f"at least MinCapacity ({scaling.MinCapacity})"
        return [document.problem("autoscaling.MaxCapacity", scaling.MaxCapacity, allowed)]
    if not scaling.MinCapacity <= count <= scaling.MaxCapacity:
        allowed = f"{scaling.MinCapacity} to {scaling.MaxCapacity}, the bounds of autoscaling"
        return [document.problem("InitialInstanceCount", count, allowed)]
    return []


def _challenger_problems(document: Document, production: Production) -> list[InputProblem]:
    if production.challenger is None:
        return []
    if production.shift.type == "rolling":
        # SageMaker would fall back to all traffic at once, without looking at alarms.
        allowed = "canary, linear or all_at_once with a challenger"
        return [document.problem("shift.type", "rolling", allowed)]
    if production.challenger.VariantName == names.RELEASE_VARIANT:
        return [
            document.problem("challenger.VariantName", names.RELEASE_VARIANT, "another name, this is the release's own")
        ]
    return []
