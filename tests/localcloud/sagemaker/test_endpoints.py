"""Endpoints: creation, updates, failures and deletion, through plain boto3."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hosting import DIES_AT_START, PING_FAILED, Hosting, alive, refusal, says
from waiting import until

ARN = "arn:aws:sagemaker:us-east-1:000000000000"
PROCESS = """
import os
from server import serve
def answer(body, headers):
    if body == b"die":
        os._exit(3)
    return 200, {}, str(os.getpid())
serve(answer)
"""


def test_an_endpoint_serves_its_model_and_is_described(hosting: Hosting) -> None:
    hosting.configured("served", says("12.5"), Tags=[{"Key": "of", "Value": "configuration"}])
    made = hosting.sagemaker.create_endpoint(
        EndpointName="served", EndpointConfigName="served", Tags=[{"Key": "commit", "Value": "1a2b"}]
    )
    creating = hosting.sagemaker.describe_endpoint(EndpointName="served")
    if creating["EndpointStatus"] == "Creating":
        assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == "served"
    endpoint = hosting.settled("served")

    assert made["EndpointArn"] == endpoint["EndpointArn"] == f"{ARN}:endpoint/served"
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == "served"
    assert "FailureReason" not in endpoint
    [variant] = endpoint["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentInstanceCount"]) == ("AllTraffic", 1)
    [image] = variant["DeployedImages"]
    assert image["SpecifiedImage"] == hosting.image_uri
    assert image["ResolvedImage"].startswith(hosting.image_uri.removesuffix(":latest") + "@sha256:")
    assert hosting.ask("served") == "12.5"
    tags = hosting.sagemaker.list_tags(ResourceArn=made["EndpointArn"])["Tags"]
    assert tags == [{"Key": "commit", "Value": "1a2b"}]
    listed = hosting.sagemaker.list_endpoints(NameContains="served", StatusEquals="InService")
    assert "served" in [item["EndpointName"] for item in listed["Endpoints"]]


def test_container_has_no_environment_of_the_host(
    hosting: Hosting,
) -> None:
    program = """
    import os
    from server import serve
    serve(lambda name, headers: (200, {}, os.environ.get(name.decode(), "nothing")))
    """
    hosting.model("surroundings", program, Environment={"THRESHOLD": "3"})
    hosting.configuration("surroundings", hosting.variant("surroundings"))
    hosting.up("surroundings")
    expected = {
        "OF_THE_IMAGE": "yes",
        "THRESHOLD": "3",
        "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": hosting.cloud.endpoint_url,
        "PYTEST_CURRENT_TEST": "nothing",
    }
    assert {name: hosting.ask("surroundings", name) for name in expected} == expected


def test_the_container_uses_the_models_role(hosting: Hosting) -> None:
    program = """
    import boto3
    from botocore.exceptions import NoCredentialsError
    from server import serve
    try:
        arn = boto3.client("sts").get_caller_identity()["Arn"]
    except NoCredentialsError:
        arn = "nobody"
    serve(lambda body, headers: (200, {}, arn))
    """
    hosting.deploy("under-a-role", program)
    assert ":assumed-role/worker/" in hosting.ask("under-a-role")

    request = hosting.model_request("isolated", program)
    hosting.sagemaker.create_model(**request, EnableNetworkIsolation=True)
    hosting.configuration("isolated", hosting.variant("isolated"))
    hosting.up("isolated")
    assert hosting.ask("isolated") == "nobody"


def test_output_of_a_container_is_in_the_endpoints_log(hosting: Hosting) -> None:
    hosting.deploy("logged", 'print("loading the model")' + says("1"))
    until(lambda: "serving" in hosting.log("logged"))
    assert hosting.log("logged").startswith("loading the model\n")


def test_endpoint_whose_container_exits_at_start_is_failed(
    hosting: Hosting,
) -> None:
    endpoint = hosting.deploy("dies", DIES_AT_START)
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"] == PING_FAILED
    assert "the model cannot be loaded" in hosting.log("dies")
    with pytest.raises(ClientError, match="Endpoint dies of account 000000000000 not found"):
        hosting.ask("dies")
    code, message = refusal(hosting.sagemaker.update_endpoint, EndpointName="dies", EndpointConfigName="dies")
    assert code == "ValidationException"
    assert "DeleteEndpoint is the only operation" in message
    hosting.delete("dies")


def test_an_archive_that_cannot_be_unpacked_fails_the_endpoint(hosting: Hosting) -> None:
    hosting.configured("unpacked", "")
    uri = f"s3://{hosting.bucket}/unpacked/output/model.tar.gz"
    hosting.cloud.client("s3").put_object(Bucket=hosting.bucket, Key="unpacked/output/model.tar.gz", Body=b"no archive")
    assert hosting.up("unpacked")["FailureReason"] == (
        f'Failed to extract model data archive from URL "{uri}". Please ensure that the object located at the URL '
        "is a valid tar.gz archive."
    )


def test_missing_model_data_fail_the_endpoint(hosting: Hosting) -> None:
    hosting.configured("gone", "")
    s3 = hosting.cloud.client("s3")
    s3.delete_object(Bucket=hosting.bucket, Key="gone/output/model.tar.gz")
    endpoint = hosting.up("gone")
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"].startswith("Failed to download model data from URL")


def test_an_endpoint_in_progress_takes_no_other_change(hosting: Hosting, tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.01)\n"
    hosting.configured("busy", wait + says("1"))
    sagemaker = hosting.sagemaker
    sagemaker.create_endpoint(EndpointName="busy", EndpointConfigName="busy")
    in_progress = ("ValidationException", f'Cannot update in-progress endpoint "{ARN}:endpoint/busy".')
    assert refusal(sagemaker.delete_endpoint, EndpointName="busy") == in_progress
    assert refusal(sagemaker.update_endpoint, EndpointName="busy", EndpointConfigName="busy") == in_progress
    assert (
        refusal(
            sagemaker.update_endpoint_weights_and_capacities,
            EndpointName="busy",
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 1}],
        )
        == in_progress
    )
    assert refusal(sagemaker.create_endpoint, EndpointName="busy", EndpointConfigName="busy") == (
        "ValidationException",
        f'Cannot create already existing endpoint "{ARN}:endpoint/busy".',
    )
    go.touch()
    assert hosting.settled("busy")["EndpointStatus"] == "InService"


def test_a_container_that_ends_is_started_again(hosting: Hosting) -> None:
    hosting.deploy("restarted", PROCESS)
    before = hosting.ask("restarted")
    with pytest.raises(ClientError, match="could not get a response from the restarted endpoint"):
        hosting.ask("restarted", "die")
    assert until(lambda: hosting.answers("restarted")) != before
    until(lambda: "The container has ended with exit code 3" in hosting.log("restarted"))


def test_requests_of_a_failed_instance_go_to_another(hosting: Hosting) -> None:
    hosting.model("shared", PROCESS)
    hosting.configuration("shared", hosting.variant("shared", InitialInstanceCount=2))
    assert hosting.up("shared")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    processes = {hosting.ask("shared") for _ in range(6)}
    assert len(processes) == 2
    with pytest.raises(ClientError):
        hosting.ask("shared", "die")
    for _ in range(6):
        hosting.ask("shared")


def test_capacity_follows_the_desired_count(hosting: Hosting) -> None:
    hosting.deploy("sized", PROCESS)
    for count in (3, 1):
        hosting.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="sized",
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}],
        )
        [variant] = hosting.settled("sized")["ProductionVariants"]
        assert variant["CurrentInstanceCount"] == count
        assert len({hosting.ask("sized") for _ in range(9)}) == count


def test_weights_split_the_traffic_until_they_are_changed(hosting: Hosting) -> None:
    for name in ("heavy", "light"):
        hosting.model(name, says(name))
    hosting.configuration(
        "weighed",
        hosting.variant("heavy", VariantName="Heavy", InitialVariantWeight=3),
        hosting.variant("light", VariantName="Light", InitialVariantWeight=1),
    )
    hosting.up("weighed")
    answers = [hosting.ask("weighed") for _ in range(200)]
    # 150 are expected; ten standard deviations around it.
    assert 89 < answers.count("heavy") < 200

    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="weighed",
        DesiredWeightsAndCapacities=[
            {"VariantName": "Heavy", "DesiredWeight": 0},
            {"VariantName": "Light", "DesiredWeight": 1},
        ],
    )
    weights = {item["VariantName"]: item["CurrentWeight"] for item in hosting.settled("weighed")["ProductionVariants"]}
    assert weights == {"Heavy": 0, "Light": 1}
    assert {hosting.ask("weighed") for _ in range(20)} == {"light"}


def test_deletion_of_an_endpoint_ends_its_containers(hosting: Hosting) -> None:
    hosting.deploy("deleted", PROCESS)
    process = hosting.ask("deleted")
    hosting.delete("deleted")
    assert not alive(process)
    assert refusal(hosting.sagemaker.describe_endpoint, EndpointName="deleted") == (
        "ValidationException",
        f'Could not find endpoint "{ARN}:endpoint/deleted".',
    )


def test_endpoint_serves_after_deletion_of_its_model_and_configuration(hosting: Hosting) -> None:
    hosting.deploy("orphaned", PROCESS)
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName="orphaned")
    hosting.sagemaker.delete_model(ModelName="orphaned")
    with pytest.raises(ClientError):
        hosting.ask("orphaned", "die")
    assert until(lambda: hosting.answers("orphaned"))


@pytest.mark.parametrize(
    ("variant", "refused"),
    [
        ({"RoutingConfig": {"RoutingStrategy": "RANDOM"}}, "RoutingConfig"),
        ({"ManagedInstanceScaling": {"Status": "ENABLED"}}, "ManagedInstanceScaling"),
        ({"AcceleratorType": "ml.eia2.medium"}, "AcceleratorType"),
    ],
)
def test_variants_that_the_local_cloud_cannot_run_are_refused_by_name(
    hosting: Hosting, variant: dict, refused: str
) -> None:
    request = hosting.variant("any", **variant)
    code, message = refusal(
        hosting.sagemaker.create_endpoint_config, EndpointConfigName="refused", ProductionVariants=[request]
    )
    assert code == "NotImplemented"
    assert message.endswith(f"CreateEndpointConfig with ProductionVariants[0].{refused}")


def test_configuration_needs_existing_models_and_some_traffic(hosting: Hosting) -> None:
    create = hosting.sagemaker.create_endpoint_config
    assert refusal(create, EndpointConfigName="unfounded", ProductionVariants=[hosting.variant("nothing")]) == (
        "ValidationException",
        f'Could not find model "{ARN}:model/nothing".',
    )

    hosting.model("weightless", "")
    code, message = refusal(
        create,
        EndpointConfigName="weightless",
        ProductionVariants=[hosting.variant("weightless", InitialVariantWeight=0)],
    )
    assert (code, message) == (
        "ValidationException",
        "At least one production variant must have a weight above 0",
    )
