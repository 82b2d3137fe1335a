"""Events of SageMaker on the default event bus.

Source: Amazon SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
"""

import re

from mlops.localcloud import context

_DETAIL_MEMBERS = (
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "CreationTime",
    "LastModifiedTime",
    "FailureReason",
)


def endpoint_changed(endpoint: dict) -> None:
    """Publish the status of an endpoint, given as DescribeEndpoint shows it. Events write it as IN_SERVICE."""
    status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", endpoint["EndpointStatus"]).upper()
    detail = {key: endpoint[key] for key in _DETAIL_MEMBERS if endpoint.get(key) is not None}
    context.put_event(
        source="aws.sagemaker",
        detail_type="SageMaker Endpoint State Change",
        detail={**detail, "EndpointStatus": status},
        resources=[endpoint["EndpointArn"]],
    )
