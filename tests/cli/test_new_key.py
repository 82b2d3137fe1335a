"""The first upload after the first deployment, while KMS may not yet decide by the key's alias."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from mlops.aws import new_key
from mlops.aws.session import AWSError, Session
from mlops.progress import result

TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}


class Upload:
    """A call that is allowed after so many denials."""

    def __init__(self, denials: int, code: str = "AccessDenied"):
        self.denials, self.code, self.calls = denials, code, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.denials:
            raise AWSError("not authorized to perform: kms:GenerateDataKey", code=self.code)
        return "version"


@pytest.fixture
def stack(session: Session) -> str:
    """A stack that has just been created."""
    name = f"stack-{uuid.uuid4().hex[:8]}"
    session.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(TOPIC))
    return name


@pytest.mark.parametrize("code", ["AccessDenied", "403"])
def test_an_upload_that_is_denied_right_after_the_deployment_is_tried_again(
    session: Session, stack: str, code: str
) -> None:
    upload, pauses, shown = Upload(3, code), [], []
    assert result(new_key.call(session, stack, upload, pause=pauses.append), shown.append) == "version"
    assert (upload.calls, len(pauses), len(shown)) == (4, 3, 3)


def test_a_denial_is_final_once_the_key_is_known(session: Session, stack: str) -> None:
    clock = iter(datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (0, 3, 7))
    upload = Upload(10)
    with pytest.raises(AWSError, match="kms:GenerateDataKey"):
        result(new_key.call(session, stack, upload, pause=lambda seconds: None, now=lambda: next(clock)))
    assert upload.calls == 3


@pytest.mark.parametrize(("name", "code"), [("never-deployed", "AccessDenied"), (None, "NoSuchBucket")])
def test_only_a_denial_of_a_deployed_stack_is_waited_for(
    session: Session, stack: str, name: str | None, code: str
) -> None:
    upload = Upload(1, code)
    with pytest.raises(AWSError):
        result(new_key.call(session, name or stack, upload, pause=lambda seconds: None))
    assert upload.calls == 1
