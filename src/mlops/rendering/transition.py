"""Changes of production that SageMaker refuses, or makes without a rollback by alarms."""

from __future__ import annotations

from mlops.configuration import Configuration
from mlops.rendering.production import guards
from mlops.rendering.release import Request

# Parameters of infra/endpoint.yml.
_CLIENTS_CALL, _TYPE, _LEAST, _CHALLENGER, _SHIFT = (
    "ClientsCall",
    "InstanceType",
    "MinCapacity",
    "ChallengerName",
    "ShiftType",
)


def configured(configuration: Configuration) -> Request:
    """The parameters that `problems` compares, from configuration/production.yml."""
    production = configuration.production
    return {
        **guards(production),
        _TYPE: production.InstanceType,
        _CHALLENGER: production.challenger.VariantName if production.challenger else "",
    }


def problems(deployed: Request, rendered: Request) -> list[str]:
    """Why production cannot be changed from the deployed parameters to these; empty before the first release.

    Only an endpoint that is updated in place is concerned. Source: Amazon SageMaker Developer Guide, "Update endpoints
    that use automatic scaling" and "Exclusions" of deployment guardrails.
    """
    if deployed.get(_CLIENTS_CALL) != "endpoint" or rendered[_CLIENTS_CALL] != "endpoint":
        return []
    refusals = []
    if deployed[_TYPE] != rendered[_TYPE] and deployed.get(_LEAST, "0") != "0":
        refusals.append(
            f"InstanceType: found {rendered[_TYPE]}, production has {deployed[_TYPE]} and is scaled automatically: "
            "SageMaker changes no instance type then. Release once without autoscaling, then with the new type"
        )
    if changes_variants(deployed, rendered) and rendered[_SHIFT] != "ALL_AT_ONCE":
        refusals.append(
            f"challenger: production has {_named(deployed)}, this release {_named(rendered)}: SageMaker shifts traffic step "
            "by step only between the same variants. Allowed is shift.type: all_at_once for this release; no alarm "
            "rolls it back"
        )
    return refusals


def changes_variants(deployed: Request, rendered: Request) -> bool:
    """Whether an endpoint that is updated in place gets other variants than it has."""
    in_place = deployed.get(_CLIENTS_CALL) == rendered[_CLIENTS_CALL] == "endpoint"
    return in_place and deployed.get(_CHALLENGER, "") != rendered[_CHALLENGER]


def _named(parameters: Request) -> str:
    name = parameters.get(_CHALLENGER, "")
    return f"the second variant {name}" if name else "no second variant"
