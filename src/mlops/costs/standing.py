"""What production costs a day, whether or not it is called."""

from __future__ import annotations

from collections.abc import Sequence

from mlops.configuration import Production
from mlops.costs import hosting
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
    found = [_a_day("endpoint of production", hosting.of_endpoint(production, instances(production), till))]
    if production.challenger:
        count = production.challenger.InitialInstanceCount
        found.append(_a_day("challenger", hosting.of_endpoint(production, count, till)))
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
    """How many instances production has without traffic; 0 for a serverless endpoint."""
    return production.autoscaling.MinCapacity if production.autoscaling else production.InitialInstanceCount


def _a_day(name: str, hosted: hosting.Hosting) -> Charge:
    return Charge(name, f"{hosted.what}, 24 hours" if hosted.usd != 0 else hosted.what, times(hosted.usd, 24))
