"""CodeDeploy's front door, and what it deploys to."""

from mlops.localcloud.errors import AWSError
from mlops.localcloud.service import Service

service = Service("codedeploy")
# Who assumes the roles of deployment groups.
PRINCIPAL = "codedeploy.amazonaws.com"
# The only one that is carried out here; AWS's default is Server.
PLATFORM = "Lambda"
# How many items a list shows at once.
PAGE = 100


def require_lambda(request: dict) -> None:
    """Raise AWSError for what is to be made for another platform."""
    platform = request.get("computePlatform", "Server")
    if platform != PLATFORM:
        raise AWSError(
            "InvalidComputePlatformException", f"The local cloud deploys to Lambda, not to the platform {platform}"
        )
