"""Lambda functions whose code is a text of the test."""

import io
import json
import textwrap
import zipfile
from dataclasses import dataclass
from typing import Any

from harness import Cloud


@dataclass(frozen=True)
class Lambdas:
    """Makes functions, versions and aliases."""

    cloud: Cloud
    role_arn: str

    @property
    def client(self):
        return self.cloud.client("lambda")

    def make(self, name: str, code: str, **environment: str) -> None:
        """Make a function with `def handler(event, context)` in its code."""
        self.client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="program.handler",
            Role=self.role_arn,
            Code={"ZipFile": archive(code)},
            Timeout=30,
            Environment={"Variables": environment},
        )

    def versions(self, name: str, *codes: str) -> list[str]:
        """Make a function and publish a version for each code. Returns their numbers."""
        self.make(name, codes[0])
        numbers = [self.client.publish_version(FunctionName=name)["Version"]]
        for code in codes[1:]:
            self.client.update_function_code(FunctionName=name, ZipFile=archive(code))
            numbers.append(self.client.publish_version(FunctionName=name)["Version"])
        return numbers

    def invoke(self, name: str, event: Any = None, **members: Any) -> tuple[Any, dict]:
        """The answer of a function, and the response around it."""
        response = self.client.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **members)
        return json.loads(response["Payload"].read() or b"null"), response

    def metric(self, name: str, dimensions: dict[str, str]) -> float:
        """The sum of a metric of AWS/Lambda."""
        return self.cloud.metric("AWS/Lambda", name, dimensions)


def archive(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("program.py", textwrap.dedent(code))
    return packed.getvalue()


def returns(value: Any) -> str:
    """Code of a function that always returns this."""
    return f"def handler(event, context):\n    return {value!r}\n"
