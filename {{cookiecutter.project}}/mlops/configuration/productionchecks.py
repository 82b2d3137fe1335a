"""Checks between the values of production.yml: which way of shifting goes with which entrance."""

from __future__ import annotations

from mlops import names
from mlops.configuration.documents import Document
from mlops.configuration.models import Production
from mlops.errors import InputProblem


def problems(document: Document, production: Production) -> list[InputProblem]:
    """Return what CodeDeploy, SageMaker or Application Auto Scaling would refuse only in the Production stage."""
    return [
        *_shift_problems(document, production),
        *_autoscaling_problems(document, production),
        *_beside_problems(document, production),
    ]


def _shift_problems(document: Document, production: Production) -> list[InputProblem]:
    shift = production.shift
    found = []
    if shift.type == "rolling" and production.clients_call == "api":
        allowed = "canary, linear or all_at_once where clients_call is api; rolling only where it is endpoint"
        found.append(document.problem("shift.type", shift.type, allowed))
    if production.clients_call == "endpoint" and shift.type == "linear" and shift.percent < 10:
        found.append(document.problem("shift.percent", shift.percent, "10 to 50 for steps of an endpoint"))
    if production.clients_call == "endpoint" and shift.type == "rolling" and shift.percent < 5:
        found.append(document.problem("shift.percent", shift.percent, "5 to 50 for batches of an endpoint"))
    return found


def _autoscaling_problems(document: Document, production: Production) -> list[InputProblem]:
    scaling, count = production.autoscaling, production.InitialInstanceCount
    if scaling is None:
        return []
    if scaling.MaxCapacity < scaling.MinCapacity:
        allowed = f"at least MinCapacity ({scaling.MinCapacity})"
        return [document.problem("autoscaling.MaxCapacity", scaling.MaxCapacity, allowed)]
    if not scaling.MinCapacity <= count <= scaling.MaxCapacity:
        allowed = f"{scaling.MinCapacity} to {scaling.MaxCapacity}, as autoscaling says"
        return [document.problem("InitialInstanceCount", count, allowed)]
    return []


def _beside_problems(document: Document, production: Production) -> list[InputProblem]:
    if production.beside is None:
        return []
    if production.beside.VariantName == names.RELEASE_VARIANT:
        return [
            document.problem("beside.VariantName", names.RELEASE_VARIANT, "another name, this is the release's own")
        ]
    return []
