"""Updates of endpoints in place, under traffic, through plain boto3."""

import threading

from hosting import DIES_AT_START, PING_FAILED, Hosting, alive, constant_traffic, says
from waiting import until


def test_an_update_replaces_the_model_without_a_failed_request(hosting: Hosting) -> None:
    hosting.deploy("updated", says("old"))
    hosting.configured("updated-new", says("new"))
    with constant_traffic(hosting, "updated") as answers:
        endpoint = hosting.update("updated", "updated-new")
        after = len(answers)
        until(lambda: len(answers) > after + 20)
    assert endpoint["EndpointConfigName"] == "updated-new"
    assert "FailureReason" not in endpoint
    assert answers[0] == "old"
    assert set(answers[after + 3 :]) == {"new"}


def test_update_drains_the_old_containers(hosting: Hosting) -> None:
    waits = """
    import os, threading
    from server import serve
    entered, may_end = threading.Event(), threading.Event()
    def answer(body, headers):
        if body == b"wait":
            entered.set()
            may_end.wait(30)
        if body == b"entered":
            return 200, {}, str(entered.is_set())
        if body == b"pid":
            return 200, {}, str(os.getpid())
        threading.Timer(1, may_end.set).start() if body == b"end soon" else None
        return 200, {}, "from the old model"
    serve(answer)
    """
    hosting.deploy("drained", waits)
    hosting.configured("drained-new", says("from the new model"))
    process = hosting.ask("drained", "pid")
    slow: list[str] = []
    client = threading.Thread(target=lambda: slow.append(hosting.ask("drained", "wait")))
    client.start()
    until(lambda: hosting.ask("drained", "entered") == "True")
    hosting.ask("drained", "end soon")
    hosting.sagemaker.update_endpoint(EndpointName="drained", EndpointConfigName="drained-new")
    until(lambda: hosting.ask("drained") == "from the new model")
    hosting.settled("drained")
    client.join()
    assert slow == ["from the old model"]
    assert not alive(process)


def test_failed_update_keeps_the_old_fleet_in_service(hosting: Hosting) -> None:
    hosting.deploy("kept", says("old"))
    hosting.configured("kept-new", DIES_AT_START)
    with constant_traffic(hosting, "kept") as answers:
        endpoint = hosting.update("kept", "kept-new")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == "kept"
    assert endpoint["FailureReason"] == PING_FAILED
    assert set(answers) == {"old"}

    hosting.configured("kept-fixed", says("fixed"))
    assert "FailureReason" not in hosting.update("kept", "kept-fixed")
    assert hosting.ask("kept") == "fixed"
