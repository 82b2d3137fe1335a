"""How a task of a state machine fails."""


class TaskError(Exception):
    """A task that failed: `error` is the name that Retry and Catch match, `cause` the text beside it."""

    def __init__(self, error: str, cause: str):
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
