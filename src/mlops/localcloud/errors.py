"""The errors that callers and state machines of the local cloud receive."""

from typing import Any

from botocore.model import OperationModel

from mlops import shapes


class AWSError(Exception):
    """An error that the caller sees: AWS's code and words, the HTTP status, further members of the error shape."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def not_implemented(message: str) -> AWSError:
    """The error for what AWS does and the local cloud does not."""
    return AWSError("NotImplemented", message, status=501)


class TaskError(Exception):
    """A failed task of a state machine: `error` is the name that Retry and Catch match, `cause` the explanation."""

    def __init__(self, error: str, cause: str):
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class InvalidRequest(AWSError):
    """A fault that services have different codes for: the first of `codes` that the operation's model declares."""

    def __init__(self, message: str, *codes: str):
        super().__init__("ValidationException", message)
        self.codes = codes

    def for_operation(self, operation: OperationModel) -> AWSError:
        """The error with the code of this operation, ValidationException where its model declares none of `codes`."""
        declared = {shape.name for shape in operation.error_shapes}
        code = next((code for code in self.codes if code in declared), self.code)
        return AWSError(code, self.message)


def refuse(problems: list[shapes.Problem], code: str) -> None:
    """Raise AWSError in AWS's words when there are problems."""
    if problems:
        described = "; ".join(
            f"Value {problem.found!r} at '{problem.path}' failed to satisfy constraint: {problem.allowed}"
            for problem in problems
        )
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise AWSError(code, f"{count}: {described}")
