"""Applications: a name over deployment groups."""

import uuid
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.codedeploy.service import PAGE, PLATFORM, require_lambda, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page

_applications = context.scoped(dict[str, dict])


@service.operation
def create_application(request: dict) -> dict:
    """Make an application for Lambda, the only platform that is carried out here."""
    require_lambda(request)
    name = request["applicationName"]
    if name in _applications():
        raise AWSError("ApplicationAlreadyExistsException", f"Application already exists with the name {name}")
    made = {
        "applicationId": str(uuid.uuid4()),
        "applicationName": name,
        "createTime": datetime.now(UTC),
        "linkedToGitHub": False,
        "computePlatform": PLATFORM,
    }
    _applications()[name] = made
    return {"applicationId": made["applicationId"]}


@service.operation
def get_application(request: dict) -> dict:
    return {"application": get(request["applicationName"])}


@service.operation
def list_applications(request: dict) -> dict:
    return page(request, sorted(_applications()), "applications", PAGE)


@service.operation
def delete_application(request: dict) -> None:
    """Forget an application with its deployment groups. One that is not there is no error, as on AWS."""
    from mlops.localcloud.codedeploy import groups

    groups.forget_all(request["applicationName"])
    _applications().pop(request["applicationName"], None)


def get(name: str) -> dict:
    """The application of this name. Raises AWSError when there is none."""
    if name not in _applications():
        raise AWSError("ApplicationDoesNotExistException", f"No application found for name: {name}")
    return _applications()[name]
