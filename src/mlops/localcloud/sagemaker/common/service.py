"""The services SageMaker and SageMaker Runtime."""

import uuid
from typing import Any

from botocore.model import OperationModel

from mlops.localcloud.errors import AWSError
from mlops.localcloud.protocol import Response
from mlops.localcloud.service import Service


class _Runtime(Service):
    """The data plane. It refuses a body that is too large before any other check.

    Its requests do not pass through ministack, which adds a request id to the responses of other services.
    """

    async def handle(self, method: str, path: str, headers: dict, body: bytes, query: dict) -> Response:
        status, answered, content = await super().handle(method, path, headers, body, query)
        return status, {**answered, "x-amzn-RequestId": str(uuid.uuid4())}, content

    def _parse(
        self, method: str, path: str, headers: dict, body: bytes, query: dict
    ) -> tuple[OperationModel, dict[str, Any]]:
        limit = self.model.shape_for("BodyBlob").metadata["max"]
        if len(body) > limit:
            raise AWSError("413", f"HTTP content length exceeded {limit} bytes.", status=413)
        return super()._parse(method, path, headers, body, query)


service = Service("sagemaker")
runtime_service = _Runtime("sagemaker-runtime")
