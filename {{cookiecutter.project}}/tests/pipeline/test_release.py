"""A release from a commit to production, and a second one over it, as a person drives them."""

import json
import threading

from workshop import Released, Workshop


def test_a_release_waits_for_a_person_and_goes_on_when_approved(released: Released) -> None:
    assert "mlops approve" in released.until_approval.stdout
    assert "succeeded" in released.to_the_end.stdout


def test_the_stages_are_shown_as_they_end(released: Released) -> None:
    shown = released.until_approval.stdout + released.to_the_end.stdout
    for action in ("Source/Code", "Build/Image", "Build/Render", "Train/Train", "Test/QA", "Production/Deploy"):
        assert action in shown


def test_production_answers_a_row(workshop: Workshop, released: Released) -> None:
    answer = workshop.succeed("invoke", workshop.first_row())
    assert 0 < float(answer.stdout.split()[-1]) < 500


def test_the_test_endpoint_is_gone_after_the_decision(workshop: Workshop, released: Released) -> None:
    workshop.until_deleted("test")
    names = [e["EndpointName"] for e in workshop.client("sagemaker").list_endpoints()["Endpoints"]]
    assert names == [workshop.endpoint("production")]


def test_the_released_model_package_is_approved_and_names_its_commit_and_data(
    workshop: Workshop, released: Released
) -> None:
    sagemaker = workshop.client("sagemaker")
    [group] = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    oldest = sagemaker.list_model_packages(
        ModelPackageGroupName=group["ModelPackageGroupName"], SortBy="CreationTime", SortOrder="Ascending"
    )["ModelPackageSummaryList"][0]
    package = sagemaker.describe_model_package(ModelPackageName=oldest["ModelPackageArn"])
    assert package["ModelApprovalStatus"] == "Approved"
    described = json.dumps(package["CustomerMetadataProperties"])
    assert "data" in described and "commit" in described


def test_the_report_shows_the_release(workshop: Workshop, released: Released) -> None:
    told = workshop.succeed("report")
    pages = {path.suffix for path in (workshop.path / ".mlops").rglob("report*") if path.is_file()}
    assert {".html", ".md", ".json"} <= pages, told.stdout


def test_a_second_release_updates_production_in_place_without_a_failed_request(pristine: Workshop) -> None:
    client = pristine.client("sagemaker-runtime")
    row = pristine.first_row()
    answers, errors, ended = [], [], threading.Event()

    def call() -> None:
        while not ended.is_set():
            try:
                answer = client.invoke_endpoint(
                    EndpointName=pristine.endpoint("production"), Body=row, ContentType="text/csv", Accept="text/csv"
                )
                answers.append(answer["Body"].read())
            except Exception as error:
                errors.append(error)
            ended.wait(0.02)

    # Another model, so that its answers tell when it took over; a smaller one, so a worse one.
    pristine.edit("configuration/evaluation.yml", lambda gate: gate.update(bound=20.0, allowed_regression=1.0))
    caller = threading.Thread(target=call)
    caller.start()
    try:
        pristine.succeed("start", "--set", "max_depth=2", "--set", "num_round=40")
        pristine.succeed("watch", "--until-approval")
        pristine.succeed("approve")
        pristine.succeed("watch")
    finally:
        ended.set()
        caller.join()
    assert errors == []
    assert len(set(answers)) == 2, "the second model answers differently, and took over once"
    assert answers.index(answers[-1]) == len(answers) - answers.count(answers[-1])
