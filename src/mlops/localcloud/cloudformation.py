"""Resource types that the local cloud adds to CloudFormation."""

from collections.abc import Callable
from dataclasses import dataclass

from mlops.localcloud.ministack import resource_types

physical_name = resource_types.physical_name


@dataclass(frozen=True)
class ResourceType:
    """A CloudFormation resource type. Its functions run on a separate thread and may call this cloud.

    create(properties, logical id, stack name) and update(physical id, old properties, new properties) return the
    physical id (what `Ref` gives) and the attributes (what `Fn::GetAtt` gives). An exception fails the resource
    with its text as the reason. A change of a property in `replace_on` replaces the resource: a new one is created,
    under a new name, before the old one is deleted.
    """

    create: Callable[[dict, str, str], tuple[str, dict]]
    delete: Callable[[str, dict], None]
    update: Callable[[str, dict, dict], tuple[str, dict]]
    replace_on: tuple[str, ...] = ()
    tagged: bool = True


def register(types: dict[str, ResourceType]) -> None:
    """Add these types to CloudFormation by their names, such as AWS::SageMaker::Endpoint."""
    for name, resource in types.items():
        resource_types.add_resource_type(
            name, resource.create, resource.update, resource.delete, resource.replace_on, resource.tagged
        )
