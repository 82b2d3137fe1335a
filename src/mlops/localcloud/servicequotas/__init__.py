"""Service Quotas: a machine has no quotas, so each operation is refused by its name."""

from mlops.localcloud.cloudformation import ResourceType
from mlops.localcloud.service import Service

__all__ = ["resource_types", "service"]

service = Service("service-quotas")
resource_types: dict[str, ResourceType] = {}
