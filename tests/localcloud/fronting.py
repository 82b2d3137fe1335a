"""The API's Lambda function in the local cloud: its archive, intact or broken, and a published version of it."""

import io
import zipfile
from functools import cache

from harness import REPOSITORY
from lambdas import Lambdas

from mlops.aws import functions

BROKEN = "\ndef (:\n"


@cache
def archive(file: str = "", old: str = "", new: str = "") -> bytes:
    """The archive that a release would deploy; `new` replaces `old` in one file of api/, or is added to its end."""
    packed = functions.pack(REPOSITORY).content
    if not file:
        return packed
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == f"api/{file}":
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode()) if old else content + new.encode()
            target.writestr(name, content)
    return changed.getvalue()


def version(lambdas: Lambdas, name: str, code: bytes, **environment: str) -> str:
    """Create a function with this archive as its code, publish a version, and return the version's ARN."""
    lambdas.client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="api.app.handler",
        Role=lambdas.role_arn,
        Code={"ZipFile": code},
        Timeout=28,
        Environment={"Variables": {"POWERTOOLS_METRICS_NAMESPACE": "test", **environment}},
    )
    return lambdas.client.publish_version(FunctionName=name)["FunctionArn"]
