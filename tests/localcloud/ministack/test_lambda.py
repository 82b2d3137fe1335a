"""Lambda: the weights of aliases, the types of errors, the metrics by alias and version."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import is_share
from lambdas import Lambdas, returns
from waiting import until


def test_an_alias_splits_its_invocations_by_weight(lambdas: Lambdas) -> None:
    old, new = lambdas.versions("weighted", returns("old"), returns("new"))
    lambdas.client.create_alias(
        FunctionName="weighted",
        Name="live",
        FunctionVersion=old,
        RoutingConfig={"AdditionalVersionWeights": {new: 0.3}},
    )
    answers = Counter()
    for _ in range(40):
        answer, response = lambdas.invoke("weighted", Qualifier="live")
        assert response["ExecutedVersion"] == {"old": old, "new": new}[answer]
        answers[answer] += 1
    assert is_share(answers["new"], 40, 0.3)


def test_an_alias_without_weights_goes_to_its_version(lambdas: Lambdas) -> None:
    old, _ = lambdas.versions("unweighted", returns("old"), returns("new"))
    lambdas.client.create_alias(FunctionName="unweighted", Name="live", FunctionVersion=old)
    assert {lambdas.invoke("unweighted", Qualifier="live")[0] for _ in range(20)} == {"old"}


ASKS_STS = """
import boto3

def handler(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


def test_a_function_calls_its_own_cloud_under_its_role(lambdas: Lambdas) -> None:
    """Also when the shell in which the cloud was started pointed elsewhere, as all shells of these tests do."""
    lambdas.make("caller", ASKS_STS)
    answer, _ = lambdas.invoke("caller")
    assert answer == f"arn:aws:sts::000000000000:assumed-role/{lambdas.role_arn.rpartition('/')[2]}/caller"


RAISES = """
class OutOfService(Exception):
    pass

def handler(event, context):
    raise OutOfService("no taxi: none at all")
"""


def test_error_has_its_type_and_traceback(lambdas: Lambdas) -> None:
    lambdas.make("raising", RAISES)
    answer, response = lambdas.invoke("raising")
    assert response["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("OutOfService", "no taxi: none at all")
    assert any("program.py" in line for line in answer["stackTrace"])


WAITS = """
import os, pathlib, time

def handler(event, context):
    folder = pathlib.Path(os.environ["FOLDER"])
    (folder / "begun").touch()
    while not (folder / "may-end").exists():
        time.sleep(0.01)
    return "answered"
"""


def test_an_invocation_is_answered_although_its_version_is_deleted(lambdas: Lambdas, tmp_path: Path) -> None:
    lambdas.make("deleted", WAITS, FOLDER=str(tmp_path))
    version = lambdas.client.publish_version(FunctionName="deleted")["Version"]
    with ThreadPoolExecutor() as pool:
        invocation = pool.submit(lambdas.invoke, "deleted", Qualifier=version)
        until((tmp_path / "begun").exists)
        lambdas.client.delete_function(FunctionName="deleted", Qualifier=version)
        (tmp_path / "may-end").touch()
        answer, _ = invocation.result()
    assert answer == "answered"


def test_a_state_machine_catches_an_error_by_its_name(lambdas: Lambdas) -> None:
    lambdas.make("caught", RAISES)
    function = lambdas.client.get_function(FunctionName="caught")["Configuration"]["FunctionArn"]
    catch = [{"ErrorEquals": ["OutOfService"], "Next": "Walk"}]
    states = {
        "Ride": {"Type": "Task", "Resource": function, "Catch": catch, "End": True},
        "Walk": {"Type": "Pass", "Result": "on foot", "End": True},
    }
    client = lambdas.cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "Ride", "States": states})
    machine = client.create_state_machine(name="catching", definition=definition, roleArn=lambdas.role_arn)
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    until(lambda: client.describe_execution(executionArn=arn)["status"] != "RUNNING")
    assert json.loads(client.describe_execution(executionArn=arn)["output"]) == "on foot"


def test_invocations_and_errors_are_counted_by_function_alias_and_version(lambdas: Lambdas) -> None:
    (version,) = lambdas.versions("counted", RAISES)
    lambdas.client.create_alias(FunctionName="counted", Name="live", FunctionVersion=version)
    for _ in range(3):
        lambdas.invoke("counted", Qualifier="live")
    alias = {"FunctionName": "counted", "Resource": "counted:live"}
    for dimensions in ({"FunctionName": "counted"}, alias, {**alias, "ExecutedVersion": version}):
        until(lambda dimensions=dimensions: lambdas.metric("Errors", dimensions) == 3)
        assert lambdas.metric("Invocations", dimensions) == 3


def test_root_logger_writes_level_and_request_id(lambdas: Lambdas) -> None:
    code = """
    import logging

    log = logging.getLogger()
    log.setLevel(logging.INFO)

    def handler(event, context):
        log.info("counted %s", 3)
        logging.getLogger("of.a.module").warning("minded")
        log.debug("kept back")
    """
    lambdas.make("logging", code)
    requests = [lambdas.invoke("logging")[1]["ResponseMetadata"]["RequestId"] for _ in range(2)]
    logs = lambdas.cloud.client("logs")

    def lines() -> list[list[str]] | None:
        found = logs.filter_log_events(logGroupName="/aws/lambda/logging")["events"]
        split = [event["message"].rstrip().split("\t") for event in found if "\t" in event["message"]]
        return split if sum(each[-1] == "minded" for each in split) == 2 else None

    written = [each for each in until(lines) if each[0] in ("[INFO]", "[WARNING]", "[DEBUG]")]
    assert [(each[0], each[3]) for each in written] == [("[INFO]", "counted 3"), ("[WARNING]", "minded")] * 2
    assert len({each[2] for each in written}) == len(requests)
