"""The locations of an execution's logs, with links to the console."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mlops.aws import endpoints, log_locations
from mlops.aws.executions import Action, Execution
from mlops.aws.logs import LogLocation
from mlops.aws.session import Session
from mlops.names import Names
from mlops.report import consoles


def collect(session: Session, names: Names, execution: Execution) -> list[dict[str, Any]]:
    """`logs` of the document: name of the writer, log group, stream and, on AWS, a link."""
    locations = [(source.name, source.location) for source in log_locations.of_execution(session, names, execution)]
    deployed = {action.stage.lower() for action in execution.actions if _deploys(action)}
    locations += [
        (f"endpoint {stage}", endpoints.log_of(endpoints.name_of(session, names, stage, execution.id)))
        for stage in ("test", "production")
        if stage in deployed
    ]
    if "production" in deployed:
        locations += log_locations.of_functions(session, names).items()
    return [_described(session, name, location) for name, location in locations]


def _deploys(action: Action) -> bool:
    return action.provider == "CloudFormation" and action.started is not None


def _described(session: Session, name: str, location: LogLocation) -> dict[str, Any]:
    return {
        "name": name,
        "group": location.group,
        "stream": location.prefix,
        "link": console_link(session.client("logs").meta.endpoint_url, session.region, location),
    }


def console_link(api: str, region: str, location: LogLocation) -> str | None:
    """The console's page of a log group or of a stream prefix; None where `api` has no console."""
    console = consoles.host(api, region)
    if console is None:
        return None
    group = _fragment(location.group)
    page = f"https://{region}.{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
    return f"{page}$3FlogStreamNameFilter$3D{_fragment(location.prefix)}" if location.prefix else page


def _fragment(text: str) -> str:
    # The console reads its fragment with "$" in place of "%", encoded twice.
    return quote(quote(text, safe=""), safe="").replace("%", "$")
