"""The service CodeDeploy, and the platform that it deploys to."""

from mlops.localcloud.errors import AWSError
from mlops.localcloud.service import Service

service = Service("codedeploy")
# The principal that assumes the roles of deployment groups.
PRINCIPAL = "codedeploy.amazonaws.com"
# The only supported compute platform; AWS's default is Server.
PLATFORM = "Lambda"
# The size of a page of a list.
PAGE = 100


def require_lambda(request: dict) -> None:
    """Raise AWSError for another platform."""
    platform = request.get("computePlatform", "Server")
    if platform != PLATFORM:
        raise AWSError(
            "InvalidComputePlatformException", f"The local cloud deploys to Lambda, not to the platform {platform}"
        )
