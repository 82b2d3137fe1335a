"""Applications: a name over deployment groups."""

import uuid
from datetime import UTC, datetime

from mlops.localcloud.codedeploy import records
from mlops.localcloud.codedeploy.service import PAGE, PLATFORM, require_lambda, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page


@service.operation
def create_application(request: dict) -> dict:
    """Create an application for Lambda, the only supported platform."""
    require_lambda(request)
    name = request["applicationName"]
    if name in records.applications():
        raise AWSError("ApplicationAlreadyExistsException", f"Application already exists with the name {name}")
    created = {
        "applicationId": str(uuid.uuid4()),
        "applicationName": name,
        "createTime": datetime.now(UTC),
        "linkedToGitHub": False,
        "computePlatform": PLATFORM,
    }
    records.applications()[name] = created
    return {"applicationId": created["applicationId"]}


@service.operation
def get_application(request: dict) -> dict:
    return {"application": records.application(request["applicationName"])}


@service.operation
def list_applications(request: dict) -> dict:
    return page(request, sorted(records.applications()), "applications", PAGE)


@service.operation
def delete_application(request: dict) -> None:
    """Delete an application with its deployment groups. One that does not exist is not an error, as on AWS."""
    for key in [key for key in records.groups() if key[0] == request["applicationName"]]:
        del records.groups()[key]
    records.applications().pop(request["applicationName"], None)
