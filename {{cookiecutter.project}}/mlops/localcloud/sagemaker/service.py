"""The services that this package adds operations to."""

from typing import Any

from botocore.model import OperationModel

from mlops.localcloud.service import AWSError, Service


class _Runtime(Service):
    """The data plane. Its front door turns away a body that is too large before anything else looks at it."""

    def _parse(
        self, method: str, path: str, headers: dict, body: bytes, query: dict
    ) -> tuple[OperationModel, dict[str, Any]]:
        limit = self.model.shape_for("BodyBlob").metadata["max"]
        if len(body) > limit:
            raise AWSError("413", f"HTTP content length exceeded {limit} bytes.", status=413)
        return super()._parse(method, path, headers, body, query)


service = Service("sagemaker")
runtime_service = _Runtime("sagemaker-runtime")
