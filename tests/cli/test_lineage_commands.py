"""history, show and compare, from the registry and the bucket of a project with three releases."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
import small_pipeline
from click.testing import Result
from deployed import stack

from mlops import names as keys
from mlops import release
from mlops.aws.deployments import Deployment
from mlops.aws.session import Session
from mlops.cli import console, facts
from mlops.cli.compare import _verdict
from mlops.names import Names
from mlops.release import versions
from mlops.release.versions import Measured, Version

IMAGE = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/demo@sha256:" + "a" * 64
TYPES = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
ONE, TWO, THREE = (f"{digit * 8}-1111-2222-3333-444455556666" for digit in "abc")

Mlops = Callable[..., Result]


class Registry:
    """The registry, the bucket and the stack of production, as releases and rollbacks leave them."""

    def __init__(self, session: Session, names: Names) -> None:
        self.session, self.names = session, names
        self.bucket = names.bucket(session.account, session.region)

    def put(self, key: str, content: dict) -> None:
        self.session.client("s3").put_object(Bucket=self.bucket, Key=key, Body=json.dumps(content))

    def release(self, execution: str, status: str, rmse: float, r2: float, comment: str, **parameters: str) -> None:
        """Register a release with these metrics and hyperparameters, and the answer of its approval."""
        self.session.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.names.model_package_group,
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [
                    {"Image": IMAGE, "ModelDataUrl": f"s3://{self.bucket}/releases/{execution}/model.tar.gz"}
                ],
                **TYPES,
            },
            CustomerMetadataProperties={
                "execution": execution,
                "commit": f"{execution[:7]}0" * 5,
                "data-version": "data1",
            },
        )
        self.put(
            keys.lineage_key(execution),
            {
                "problem_type": "Regression",
                "repository": "https://github.com/octo/demo",
                "hyperparameters": parameters,
                "metrics": {
                    "r2": {"value": r2},
                    "rmse": {"value": rmse, "standard_deviation": 0.1},
                    "own": {"value": 1},
                },
                "gate": [{"Name": "rmse", "Bound": 6.0, "Production": 2.5}],
                "request": {"Trigger": "drift", "StartedBy": "octocat", "Reason": "none given", "Link": "none"},
            },
        )
        self.put(
            keys.decision_key(execution),
            {
                "execution_id": execution,
                "approved": status == "Approved",
                "time": "2026-11-21T12:00:00Z",
                "approver": "arn:aws:sts::000000000000:assumed-role/approve/hubot",
                "comment": comment,
            },
        )
        self.put(keys.qa_key(execution), {"passed": True, "checks": [{}, {}]})

    def deployed(self, time: str, execution: str, kind: str = "release", **by: str) -> None:
        entry = Deployment(execution, time, kind, **by)  # type: ignore[arg-type]
        self.put(keys.deployment_key(time, execution), asdict(entry))


@pytest.fixture
def registry(session: Session, names: Names, repository) -> Registry:
    small_pipeline.create(session, names, repository)
    session.client("sagemaker").create_model_package_group(ModelPackageGroupName=names.model_package_group)
    return Registry(session, names)


@pytest.fixture
def story(registry: Registry) -> Registry:
    """One, then two, then back on one; three was rejected."""
    registry.release(ONE, "Approved", 2.0, 0.90, "the first", max_depth="4", eta="0.1")
    registry.release(TWO, "Approved", 1.5, 0.85, "lower error", max_depth="6", eta="0.1")
    registry.release(THREE, "Rejected", 9.0, 0.1, "much too bad", max_depth="1")
    registry.deployed("2026-11-01T12:00:00Z", ONE)
    registry.deployed("2026-11-08T12:00:00Z", TWO)
    registry.deployed("2026-11-09T12:00:00Z", ONE, "rollback", by="octocat", reason="worse on Fridays")
    stack(registry.session, registry.names.endpoint_stack("production"), ExecutionId=ONE)
    return registry


def read(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_version_is_in_the_history_for_each_time_that_it_was_in_production(mlops: Mlops, story: Registry) -> None:
    entries = read(mlops("history", "--json"))["entries"]
    periods = [(each["version"]["version"], each["period"]) for each in entries]
    assert [(version, period["since"][:10], (period["until"] or "")[:10]) for version, period in periods] == [
        (1, "2026-11-09", ""),
        (2, "2026-11-08", "2026-11-09"),
        (1, "2026-11-01", "2026-11-08"),
    ]
    assert [(period["kind"], period["replaced"]) for _, period in periods] == [
        ("rollback", "2"),
        ("release", "1"),
        ("release", None),
    ]


def test_the_history_fits_a_terminal_and_marks_what_is_in_production(mlops: Mlops, story: Registry) -> None:
    shown = mlops("history").output.splitlines()
    title, current, reason, left, comment, *_ = shown
    assert max(map(len, shown)) <= 100
    assert current.startswith("→") and not left.startswith("→")
    assert "rmse" in title and current.split()[-5:] == ["data1", "2", "drift", "hubot", "2"]
    assert reason.strip() == "rolled back by octocat: worse on Fridays"
    assert comment.strip() == "lower error"


def test_the_history_cuts_names_and_comments_only_in_a_narrow_terminal(
    mlops: Mlops, story: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    approver, comment = "a-reviewer-with-a-long-name", "lower error " * 20
    decision = {"approved": True, "time": "2026-11-08T12:00:00Z", "approver": approver, "comment": comment.strip()}
    story.put(keys.decision_key(TWO), decision)

    def shown(columns: int | None) -> list[str]:
        monkeypatch.setattr(console, "columns", lambda: columns)
        return mlops("history").output.splitlines()

    whole, wide, narrow = shown(None), shown(160), shown(100)
    assert approver in whole[3] and whole[4].strip() == comment.strip()
    assert approver in wide[3] and wide[4].endswith("…") and 140 < len(wide[4]) <= 160
    assert "a-reviewer" in narrow[3] and "…" in narrow[3] and narrow[3].endswith("  1")
    assert max(map(len, narrow)) <= 100


def test_without_a_terminal_there_is_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "77")
    assert console.columns() is None
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert console.columns() == 77


def test_rejected_releases_are_in_the_history_on_request(mlops: Mlops, story: Registry) -> None:
    def states(*options: str) -> list[tuple[int, str]]:
        entries = read(mlops("history", "--json", *options))["entries"]
        return [(each["version"]["version"], each["version"]["state"]) for each in entries]

    assert (3, "rejected") not in states()
    assert states("--all")[0] == (3, "rejected")
    assert len(states("--all")) == 4 and len(states("--all", "--limit", "2")) == 2


def test_the_execution_of_a_version_is_named_by_its_number(mlops: Mlops, registry: Registry) -> None:
    assert mlops("start").exit_code == 0
    assert mlops("watch", "--until-approval").exit_code == 0
    execution = read(mlops("history", "--all", "--json"))["entries"][0]["version"]["execution_id"]
    registry.release(execution, "Approved", 2.0, 0.9, "the first")
    assert f"Execution {execution}: " in mlops("status", "1").output
    assert mlops("watch", "1", "--until-approval").exit_code == 0
    assert f"Logs of the execution {execution}:" in mlops("logs", "--execution", "1").output
    for arguments in (("status", "9"), ("watch", "9"), ("report", "9"), ("logs", "--execution", "9")):
        refused = mlops(*arguments)
        assert (refused.exit_code, "has no version 9" in refused.output) == (2, True)


def test_an_execution_without_a_model_is_in_the_history_with_where_it_failed(
    mlops: Mlops, story: Registry, repository
) -> None:
    (repository / "check.sh").write_text("echo far too slow\nexit 1\n")
    assert mlops("start").exit_code == 0
    assert mlops("watch").exit_code == 1
    newest = read(mlops("history", "--all", "--json"))["entries"][0]["version"]
    assert (newest["version"], newest["state"]) == (None, "failed in Test/QA")
    shown = mlops("show", newest["execution_id"][:8]).output
    assert "failed in Test/QA" in shown and "manual" in shown and "Approval" not in shown
    assert re.search("failure +Test/QA failed: far too slow\n", shown)


def test_a_registered_release_that_was_stopped_names_the_reason(mlops: Mlops, story: Registry) -> None:
    assert mlops("start").exit_code == 0
    assert mlops("watch", "--until-approval").exit_code == 0
    execution = read(mlops("history", "--all", "--json"))["entries"][0]["version"]["execution_id"]
    assert mlops("stop", "--reason", "the wrong data").exit_code == 0
    story.release(execution, "Rejected", 2.0, 0.9, "")
    decision = {"approved": False, "time": "2026-11-21T12:00:00Z", "approver": "", "comment": ""}
    story.put(keys.decision_key(execution), decision)
    kept = read(mlops("show", execution[:8], "--json"))
    assert kept["state"] == "stopped" and kept["stop_reason"].endswith(", the wrong data")
    shown = mlops("show", execution).output
    assert kept["stop_reason"] in shown and "rejected" not in shown
    assert f" {kept['stop_reason']}\n" in mlops("history", "--all").output


def test_a_log_that_misses_what_production_serves_is_reported(mlops: Mlops, story: Registry) -> None:
    story.deployed("2026-11-20T12:00:00Z", TWO)
    shown = mlops("history")
    assert shown.exit_code == 0
    assert f"Production serves execution {ONE}, which is not the newest entry of its log" in shown.output
    assert "→" not in shown.output


@pytest.mark.parametrize(
    "command",
    [
        ("history",),
        ("history", "--all"),
        ("show", "1"),
        ("show", ONE),
        ("compare", "1", "2"),
        ("report",),
        ("report", "1"),
        ("logs",),
        ("logs", "training"),
        ("logs", "endpoint", "production"),
    ],
    ids=" ".join,
)
def test_of_a_project_that_is_not_deployed_nothing_is_shown(
    mlops: Mlops, session: Session, names: Names, command: tuple[str, ...]
) -> None:
    shown = mlops(*command)
    assert shown.exit_code == 2
    assert shown.output == f"Error: There is no pipeline {names.pipeline} yet. Run: mlops deploy\n"


def test_a_project_without_a_release_says_so(mlops: Mlops, registry: Registry) -> None:
    shown = mlops("history")
    assert shown.exit_code == 0 and "Nothing has been in production yet" in shown.output


@pytest.mark.parametrize("name", ["1", ONE, ONE[:8]])
def test_a_version_is_shown_by_its_number_or_its_execution(mlops: Mlops, story: Registry, name: str) -> None:
    shown = mlops("show", name)
    assert shown.exit_code == 0, shown.output
    assert re.match(r"Version 1: in production since 2026-11-09 \S+\n\n  execution +" + ONE, shown.output)
    for fact in (
        f"https://github.com/octo/demo/commit/{'aaaaaaa0' * 5}\n",
        "drift, by octocat",
        "passed, 2 checks",
        "by hubot on",
        "the first",
        "replaced 2 by a rollback of octocat: worse on Fridays",
        "2 ± 0.1, allowed at most 6, production then 2.5",
        "max_depth  4",
        f"mlops report {ONE}",
    ):
        assert fact in shown.output


@pytest.mark.parametrize("commit", ["uncommitted", "a" * 40 + "+uncommitted", ""])
def test_a_release_that_is_of_no_commit_has_no_link_to_one(commit: str) -> None:
    assert facts.commit_link(Version(ONE, commit_id=commit, repository="https://github.com/octo/demo")) == ""


def test_two_times_in_production_within_a_minute_are_both_shown(mlops: Mlops, story: Registry) -> None:
    story.deployed("2026-11-20T12:00:10Z", TWO)
    story.deployed("2026-11-20T12:00:50Z", ONE, "rollback", by="octocat")
    assert mlops("show", "1").output.count("replaced 2 by a rollback of octocat") == 2
    assert mlops("show", "2").output.count(", replaced 1\n") == 2


def test_uris_fit_a_terminal_and_are_whole_on_request(mlops: Mlops, story: Registry) -> None:
    shown, full = mlops("show", "1").output, mlops("show", "1", "--full").output
    kept = read(mlops("show", "1", "--json"))
    uris = [kept["results"], *kept["baseline"], *filter(None, [kept["model"]])]
    assert all(uri.startswith("s3://") and uri in full and uri not in shown for uri in uris)
    assert f"s3://…/executions/{ONE[:8]}…/" in shown
    assert "mlops show 1 --full" in shown and "--full" not in full
    assert max(len(line) for line in shown.splitlines() if "s3://" in line) <= 100


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("9", "has no version 9. The newest: 3, 2, 1. See all releases with: mlops history --all"),
        ("latest", "'latest' is no version: allowed is the number of a model package, or at least four characters"),
        ("dddddddd", "No execution begins with 'dddddddd'"),
    ],
)
def test_an_unknown_version_is_refused(mlops: Mlops, story: Registry, name: str, message: str) -> None:
    for command in (("show", name), ("compare", "1", name)):
        refused = mlops(*command)
        assert refused.exit_code == 2
        assert message in refused.output


def test_two_versions_are_compared_by_the_direction_of_each_metric(mlops: Mlops, story: Registry) -> None:
    found = read(mlops("compare", "1", "2", "--json"))["differences"]
    assert [(each["name"], each["first"], each["second"], each["verdict"]) for each in found] == [
        ("state", "in production", "replaced", ""),
        ("commit", "aaaaaaa0" * 5, "bbbbbbb0" * 5, ""),
        ("max_depth", "4", "6", ""),
        ("rmse", 2.0, 1.5, "better"),
        ("r2", 0.9, 0.85, "worse"),
    ]
    shown = mlops("compare", "1", TWO).output
    assert "better by 25.0%" in shown and "eta" not in shown


@pytest.mark.parametrize(
    ("rmse", "shown"),
    [
        (1.9999, "no difference"),
        (1.9, "better by 5.0%, within its standard deviation ± 0.1414"),
        (2.1, "worse by 5.0%, within its standard deviation ± 0.1414"),
        (1.8, "better by 10.0%"),
    ],
)
def test_a_difference_of_metrics_is_judged_by_its_standard_deviation(rmse: float, shown: str) -> None:
    def version(execution: str, value: float) -> Version:
        measured = Measured(value, deviation=0.1, lower_is_better=True)
        return Version(execution, metrics={"rmse": measured, "own": Measured(value)})

    by_rmse, own = versions.differences(version(ONE, 2.0), version(TWO, rmse))
    assert (_verdict(by_rmse).strip(), _verdict(own)) == (shown, "")


def test_a_failed_release_differs_from_one_of_the_same_source(
    mlops: Mlops, story: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Version(ONE, 1, "in production", metrics={"rmse": Measured(2.0)}, qa=True)
    failed = replace(one, execution_id=TWO, version=2, state="failed in Test/QA", qa=False)
    assert [(each.name, each.first, each.second) for each in versions.differences(one, failed)] == [
        ("state", "in production", "failed in Test/QA"),
        ("QA passed", True, False),
    ]
    early = replace(one, execution_id=TWO, version=None, state="failed in Train/Train", qa=None, metrics={})
    monkeypatch.setattr(release, "compare", lambda *_: (one, early, versions.differences(one, early)))
    shown = mlops("compare", "1", TWO[:8]).output
    assert "do not differ" not in shown and f"{TWO[:8]} has no metrics: failed in Train/Train." in shown


def test_a_version_does_not_differ_from_itself(mlops: Mlops, story: Registry) -> None:
    assert "1 and 1 do not differ" in mlops("compare", "1", ONE).output
