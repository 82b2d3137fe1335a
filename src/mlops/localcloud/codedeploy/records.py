"""The applications, deployment groups and deployment configurations that have been created."""

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError

applications = context.scoped(dict[str, dict])
configurations = context.scoped(dict[str, dict])
# By the names of the application and of the group.
groups = context.scoped(dict[tuple[str, str], dict])


def application(name: str) -> dict:
    """The application of this name. Raises AWSError when it does not exist."""
    if name not in applications():
        raise AWSError("ApplicationDoesNotExistException", f"No application found for name: {name}")
    return applications()[name]


def group(application_name: str, name: str) -> dict:
    """The deployment group of this name. Raises AWSError when it does not exist."""
    application(application_name)
    if (application_name, name) not in groups():
        raise AWSError("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
    return groups()[application_name, name]
