"""What training, processing and tuning jobs have in common: a description, a life, events, a register."""

import copy
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import listing, tags

logger = logging.getLogger(__name__)

IN_PROGRESS, STOPPING = "InProgress", "Stopping"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
_REASON_LENGTH = 1024


class JobFailed(Exception):
    """The job has failed; the text is its FailureReason."""


class Job:
    """A job and the thread that works on it. Its description is what Describe… answers.

    A subclass gives `kind` (the prefix of AWS's members, such as TrainingJob), `resource` (of its ARN), `spoken`
    (in messages) and `event` (the detail type of its events), and does the work in `run`, which ends with `finish`
    or raises JobFailed.
    """

    kind: ClassVar[str]
    resource: ClassVar[str]
    spoken: ClassVar[str]
    event: ClassVar[str]

    def __init__(self, name: str, description: dict, job_tags: list[dict] | None):
        now = datetime.now(UTC)
        self.name = name
        self.arn = context.arn("sagemaker", f"{self.resource}/{name}")
        self.ended = threading.Event()
        self.stop_requested = threading.Event()
        self._tags = job_tags
        self._lock = threading.RLock()
        self._when_ended: list[Callable[[], None]] = []
        self._description = {
            f"{self.kind}Name": name,
            f"{self.kind}Arn": self.arn,
            f"{self.kind}Status": IN_PROGRESS,
            "CreationTime": now,
            "LastModifiedTime": now,
            **copy.deepcopy(description),
        }

    @property
    def status(self) -> str:
        return self._description[f"{self.kind}Status"]

    def describe(self) -> dict:
        """The job as its Describe operation answers it."""
        with self._lock:
            return copy.deepcopy(self._description)

    def update(self, **members: Any) -> None:
        """Change the description."""
        with self._lock:
            self._description |= members | {"LastModifiedTime": datetime.now(UTC)}

    def publish(self) -> None:
        """Publish the change of status as an event."""
        context.put_event(source="aws.sagemaker", detail_type=self.event, detail=self.detail(), resources=[self.arn])

    def detail(self) -> dict:
        """The job as events and Step Functions give it: times in epoch milliseconds, tags as an object."""
        return milliseconds(self.describe()) | {"Tags": {tag["Key"]: tag["Value"] for tag in tags.of(self.arn)}}

    def begin(self, when_ended: Callable[[], None] | None = None) -> None:
        """Start the work in the background; call `when_ended` after it, on its thread."""
        tags.register(self.arn, self._tags)
        if when_ended:
            self._when_ended.append(when_ended)
        self.publish()
        context.spawn(self._work)

    def stop(self) -> None:
        """Have the job stopped. Raises AWSError when it has ended already."""
        with self._lock:
            if self.status == STOPPING:
                return
            if self.status != IN_PROGRESS:
                raise AWSError(
                    "ValidationException",
                    f"The request was rejected because the {self.spoken} is in status {self.status}.",
                )
            self.mark_stopping()
        self.publish()
        self.stop_requested.set()

    def mark_stopping(self) -> None:
        """Show that the job is being stopped."""
        self.update(**{f"{self.kind}Status": STOPPING})

    def run(self) -> None:
        raise NotImplementedError

    def finish(self, status: str, reason: str | None = None) -> None:
        """Set the final status, and the reason of a failure. Nothing changes the job afterwards."""
        failure = {"FailureReason": reason[:_REASON_LENGTH]} if reason else {}
        self.update(**{f"{self.kind}Status": status}, **failure)
        self.publish()

    def _work(self) -> None:
        try:
            self.run()
        except JobFailed as failure:
            self.finish(FAILED, str(failure))
        except AWSError as error:
            self.finish(FAILED, f"ClientError: {error.message}")
        except Exception as error:
            logger.exception("%s %s could not be carried out", self.spoken, self.name)
            self.finish(FAILED, f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            self.ended.set()
            for call in self._when_ended:
                call()


J = TypeVar("J", bound=Job)


class Register(Generic[J]):
    """The jobs of one kind, per account and region. `missing` returns the error for an unknown name."""

    def __init__(self, kind: type[J], missing: Callable[[str], AWSError], taken: str):
        self._kind = kind
        self._missing = missing
        self._taken = taken
        self._jobs = context.scoped(dict[str, J])
        self._lock = threading.Lock()

    def refuse_taken(self, name: str) -> None:
        """Raise AWSError when a job has this name."""
        if name in self._jobs():
            raise AWSError("ResourceInUse", f"{self._taken} ({self._jobs()[name].arn})")

    def add(self, job: J) -> J:
        """Make a job known under its name. Raises AWSError when another has it."""
        with self._lock:
            self.refuse_taken(job.name)
            self._jobs()[job.name] = job
        return job

    def get(self, name: str) -> J:
        """The job of this name. Raises AWSError when it does not exist."""
        try:
            return self._jobs()[name]
        except KeyError as error:
            raise self._missing(name) from error

    def page(self, request: dict, members: tuple[str, ...], answer: str) -> dict:
        """A List… operation's response: filtered, ordered summaries with these members."""
        descriptions = [job.describe() for job in list(self._jobs().values())]
        chosen = listing.select(request, descriptions, f"{self._kind.kind}Name", f"{self._kind.kind}Status")
        return listing.page(request, [summary(item, members) for item in chosen], answer)


def summary(description: dict, members: tuple[str, ...]) -> dict:
    """The members of a description that a list shows."""
    return {name: description[name] for name in members if name in description}


def milliseconds(value: Any) -> Any:
    """The value with its datetimes as epoch milliseconds."""
    if isinstance(value, dict):
        return {name: milliseconds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [milliseconds(item) for item in value]
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value
