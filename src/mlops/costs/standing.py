"""What production costs a day, whether or not it is called."""

from __future__ import annotations

from collections.abc import Sequence

from mlops.configuration import Production
from mlops.costs.charges import DAYS_A_MONTH, Charge, Till, times
from mlops.costs.templates import Template

# Target tracking makes an alarm for scaling out and one for scaling in.
_ALARMS_OF_SCALING = 2
# What is charged for existing, by its type in CloudFormation: kind and name of its price.
_MONTHLY = {
    "AWS::CloudWatch::Alarm": ("alarms", "cloudwatch", "alarm"),
    "AWS::CloudWatch::Dashboard": ("dashboards", "cloudwatch", "dashboard"),
    "AWS::KMS::Key": ("keys", "kms", "key"),
}


def charges(production: Production, templates: Sequence[Template], till: Till) -> list[Charge]:
    """The standing charges: instances, and what each stack keeps."""
    hourly = till.price("hosting", production.InstanceType)
    found = [_instances("endpoint of production", instances(production), production.InstanceType, hourly)]
    if production.challenger:
        count = production.challenger.InitialInstanceCount
        found.append(_instances("challenger", count, production.InstanceType, hourly))
    for type_, (name, kind, unit) in _MONTHLY.items():
        count = sum(template.types()[type_] for template in templates)
        if unit == "alarm" and production.autoscaling:
            count += _ALARMS_OF_SCALING
        if count:
            monthly = till.price(kind, unit)
            what = f"{count}" if monthly is None else f"{count} × {monthly:.2f} a month"
            found.append(Charge(name, what, times(monthly, count / DAYS_A_MONTH)))
    return found


def instances(production: Production) -> int:
    """How many instances production has without traffic."""
    return production.autoscaling.MinCapacity if production.autoscaling else production.InitialInstanceCount


def _instances(name: str, count: int, type_: str, hourly: float | None) -> Charge:
    return Charge(name, f"{count} × {type_}, 24 hours", times(hourly, 24 * count))
