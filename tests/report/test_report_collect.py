"""The document of an execution, collected from recorded responses of AWS's APIs."""

import pytest

from mlops.aws.logs import LogLocation
from mlops.report.collect import Document
from mlops.report.deployment import challenger
from mlops.report.logs import console_link


def test_the_document_names_commit_data_image_and_hyperparameters(released: Document) -> None:
    execution, release = released["execution"], released["release"]
    assert execution["commit"].startswith("8da14800dee6")
    assert execution["data_version"] == "27af7ee9-823c-4cab-9fa9-2ae854d62b53"
    assert release["image"].partition("@")[2].startswith("sha256:")
    assert release["hyperparameters"]["max_depth"] == "8"
    assert release["configured_hyperparameters"]["max_depth"] == "6"
    assert released["model_package"]["approval"] == "Approved"
    assert released["dataset"]["synthetic"] is True


def test_the_document_has_the_trials_of_the_tuning(released: Document) -> None:
    tuning = released["tuning"]
    assert tuning["metric"] == "validation:rmse"
    assert [trial["status"] for trial in tuning["trials"]] == ["Completed"] * 4
    best = min(tuning["trials"], key=lambda trial: trial["objective"])
    assert best["name"] == tuning["best"]
    assert set(best["hyperparameters"]) == {"max_depth", "eta", "min_child_weight"}


def test_the_document_has_the_metrics_of_both_models(released: Document) -> None:
    evaluation, gate = released["evaluation"], released["gate"]
    assert gate == {
        "Group": "regression_metrics",
        "Metrics": [{"Name": "rmse", "Goal": "Minimize", "Bound": 6, "AllowedRegression": 0.02}],
        "Production": True,
    }
    assert evaluation["regression_metrics"]["rmse"]["value"] < 6
    assert evaluation["production"]["regression_metrics"]["rmse"]["value"] > 0


def test_every_action_has_start_end_and_duration(released: Document) -> None:
    actions = [action for stage in released["stages"] for action in stage["actions"]]
    assert {action["state"] for action in actions} == {"Succeeded"}
    assert all(action["seconds"] >= 0 and action["started"] < action["ended"] for action in actions)
    assert next(action for action in actions if action["category"] == "Approval")["summary"] == "Looks right"


def test_an_endpoint_of_another_release_is_recognised(released: Document, refused: Document) -> None:
    def serves(document: Document) -> bool:
        return next(each["serves_this"] for each in document["endpoints"] if each["stage"] == "production")

    assert serves(released) is True
    assert serves(refused) is False


def test_the_document_counts_the_requests_during_the_traffic_shift(released: Document, refused: Document) -> None:
    assert released["traffic"] == {"version": "2", "requests": 188, "failed": 0}
    assert refused["traffic"] is None


def test_each_log_has_a_name_a_group_and_a_stream(released: Document) -> None:
    logs = {log["name"]: log for log in released["logs"]}
    assert {"Build/Render", "tuning", "training", "evaluation", "Test/QA", "endpoint production"} <= set(logs)
    assert logs["training"]["group"] == "/aws/sagemaker/TrainingJobs"
    assert logs["training"]["stream"] == "taxi-fares-59ed189f/"


def test_a_refused_execution_has_its_reason_and_the_results_so_far(refused: Document) -> None:
    assert refused["verdict"]["outcome"] == "failed"
    assert refused["verdict"]["sentence"].startswith("Train/Train failed: rmse is 19.8618, allowed is at most 6")
    assert refused["verdict"]["log"] == "evaluation"
    assert refused["evaluation"]["regression_metrics"]["rmse"]["value"] == pytest.approx(19.862, abs=0.001)
    assert refused["qa"] is None
    assert refused["model_package"] is None


def test_a_log_in_aws_has_a_link_to_the_console() -> None:
    location = LogLocation("/aws/sagemaker/TrainingJobs", "taxi/algo-1")
    link = console_link("https://logs.eu-west-1.amazonaws.com", "eu-west-1", location)
    assert link == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dtaxi$252Falgo-1"
    )


def test_a_log_in_china_has_a_link_to_the_chinese_console() -> None:
    link = console_link("https://logs.cn-north-1.amazonaws.com.cn", "cn-north-1", LogLocation("/g"))
    assert link.startswith("https://cn-north-1.console.amazonaws.cn/")


def test_a_log_of_the_local_cloud_has_no_link() -> None:
    assert console_link("http://127.0.0.1:4566", "us-east-1", LogLocation("/g")) is None


def test_a_challenger_is_read_from_the_stack_of_the_endpoint(released: Document) -> None:
    assert [each["challenger"] for each in released["endpoints"]] == [None]
    parameters = {"ChallengerName": "Candidate", "ChallengerExecutionId": "1a2b3c4d", "ChallengerWeight": "0.1"}
    assert challenger(parameters) == {"name": "Candidate", "execution": "1a2b3c4d", "share": 0.1}
    assert challenger({**parameters, "ChallengerName": ""}) is None
