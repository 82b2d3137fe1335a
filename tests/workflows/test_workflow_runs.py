"""The generated workflows, run by act against the local cloud with IAM enforced: from `make foundation` to destroy.

Each fixture is one event in the life of a repository. Fixtures depend on each other, so the events have one order.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from github import leaks, permissions
from github.account import FULL_NAME, PROJECT, Account, Answers, open_account
from github.inbox import Inbox, Message
from github.leaks import Written
from github.permissions import Grant
from github.runner import Run

pytestmark = pytest.mark.acceptance

PREDICTOR = "model/predictor.py"
FAULTY = """

_predict = Predictor.predict


def _fails(self, rows):
    if (abs(rows.to_numpy() - 77.777) < 1e-4).any():
        {fault}
    return _predict(self, rows)


Predictor.predict = _fails
"""
PULL_REQUEST = 12
# The faults of bad releases, which only a row that QA does not send triggers.
BAD = {
    "raises": 'raise RuntimeError("the meters are off")',
    "is slow": "__import__('time').sleep(1.5)",
    "dies": "__import__('os')._exit(1)",
}


@dataclass
class Release:
    """One run of a workflow, the responses to clients in the meantime, and the version in production after it."""

    run: Run
    answers: Answers
    version: str
    report: dict = field(default_factory=dict)


def use_what_is_installed(buildspec: dict) -> None:
    """Drop installation and all checks but pytest: the builds run in this environment, which has passed them.

    The builds print their environment variables, which must not contain secrets.
    """
    phases = buildspec["phases"]
    phases["install"]["commands"] = ["env"]
    if "pre_build" in phases:
        phases["pre_build"]["commands"] = [each for each in phases["pre_build"]["commands"] if "pytest" in each]


def followed(account: Account, name: str, run: Run, answers: Answers) -> Release:
    report = run.artifacts / "report-of-production" / "report.json"
    content = json.loads(report.read_text()) if report.exists() else {}
    return Release(run, answers, account.outputs("production")["ExecutionId"], content)


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with open_account(tmp_path_factory.mktemp("account"), on_github=False) as account:
        yield account


@pytest.fixture(scope="session")
def founded(account: Account) -> Account:
    """The account with its foundation, the repository on GitHub with its roles in the account, and reviewers."""
    done = account.foundation()
    assert done.returncode == 0, done.stdout + done.stderr
    account.succeed("init")
    account.hub.set_reviewers("production", required=True)
    return account


@pytest.fixture(scope="session")
def released(founded: Account) -> Release:
    """The first release, by a push to main."""
    run = founded.workflow("release", "push")
    assert run.code == 0, run.output
    return followed(founded, "first", run, Answers(Path("nobody")))


@pytest.fixture(scope="session")
def inbox(founded: Account, released: Release) -> Inbox:
    """A subscriber of the project's topic, from the first release on."""
    return Inbox(founded.client("sqs"), founded.client("sns"), founded.outputs("storage")["TopicArn"])


@pytest.fixture(scope="session")
def retrained(founded: Account, released: Release, inbox: Inbox) -> Release:
    """The second release, with other hyperparameters. Its reason contains shell commands, which must not run."""
    founded.succeed("data", "prepare")
    founded.edit(
        "configuration/evaluation.yml", lambda gate: gate["metrics"]["rmse"].update(bound=20.0, allowed_regression=1.0)
    )
    founded.edit(
        "configuration/tuning.json",
        lambda tuning: tuning["HyperParameterTuningJobConfig"]["ResourceLimits"].update(
            MaxNumberOfTrainingJobs=2, MaxParallelTrainingJobs=2
        ),
    )
    for build in ("build", "qa", "smoke"):
        founded.edit(f"infra/buildspecs/{build}.yml", use_what_is_installed)
    with (founded.repository / "model" / "train.py").open("a") as program:
        program.write("import os\nprint(dict(os.environ), flush=True)\n")
    founded.commit("Allow a worse model, tune less, install nothing again, show the environment")
    with founded.traffic("retrained") as answers:
        run = founded.workflow(
            "retrain",
            inputs={
                "tune": "true",
                "data_version": released.report["execution"]["data_version"],
                "hyperparameters": '{"num_round": 30}',
                "reason": f"$(touch {founded.home / 'was-run'}); `id`",
            },
        )
    return followed(founded, "retrained", run, answers)


@pytest.fixture(scope="session")
def reviewed(founded: Account, retrained: Release) -> Run:
    """A pull request, after a run on main whose report is that of production."""
    main = founded.hub.runs / "4711" / "report"
    main.mkdir(parents=True)
    (main / "report.json").write_text(json.dumps(retrained.report))
    request = {"number": PULL_REQUEST, "head": {"ref": "faster", "repo": {"full_name": FULL_NAME}}}
    payload = {"number": PULL_REQUEST, "pull_request": request, "repository": {"full_name": FULL_NAME}}
    # The workflow's other job runs `make lint` and `make test` only.
    return founded.workflow("pull-request", "pull_request", payload=payload, job="comment")


@pytest.fixture(scope="session")
def bad(founded: Account, retrained: Release) -> dict[str, Release]:
    """Three releases that pass QA and fail in production, by their fault."""
    found = {}
    path = founded.repository / PREDICTOR
    good = path.read_text()
    for kind, fault in BAD.items():
        path.write_text(good + FAULTY.format(fault=fault))
        founded.commit(f"A release that {kind}")
        with founded.traffic(kind.replace(" ", "-")) as answers:
            run = founded.workflow("release", "push")
        found[kind] = followed(founded, kind, run, answers)
    path.write_text(good)
    founded.commit("Fix it")
    return found


@pytest.fixture(scope="session")
def rolled_back(founded: Account, bad: dict[str, Release]) -> Release:
    """The rollback to the first release."""
    with founded.traffic("rolled-back") as answers:
        run = founded.workflow("rollback", inputs={"to": "1", "reason": "worse on Fridays"})
    return followed(founded, "rolled-back", run, answers)


@pytest.fixture(scope="session")
def messages(rolled_back: Release, inbox: Inbox) -> list[Message]:
    """The topic's messages until the rollback."""
    return inbox.messages()


@pytest.fixture(scope="session")
def packages(founded: Account, rolled_back: Release, messages: list[Message]) -> dict[int, str]:
    """The approval status of each version of the model package group, after the last message."""
    listed = founded.client("sagemaker").list_model_packages(ModelPackageGroupName=f"{PROJECT}--total-amount")
    return {each["ModelPackageVersion"]: each["ModelApprovalStatus"] for each in listed["ModelPackageSummaryList"]}


@pytest.fixture(scope="session")
def texts(founded: Account, rolled_back: Release) -> list[Written]:
    """All logs, artifacts and messages until the rollback."""
    return list(leaks.written(founded))


@pytest.fixture(scope="session")
def grants(founded: Account, rolled_back: Release) -> list[Grant]:
    """The grants of all roles, listed before their deletion."""
    return permissions.granted(founded)


@pytest.fixture(scope="session")
def destroyed(founded: Account, grants: list[Grant], packages: dict[int, str], texts: list[Written]) -> Run:
    """The deletion of all the repository's resources."""
    return founded.workflow("destroy", inputs={"confirm": PROJECT})


def test_a_push_to_main_is_released_from_token_to_approved_production(released: Release) -> None:
    assert "Production/Smoke  done" in released.run.output
    assert re.search(
        r"The source of the release is this checkout \([0-9a-f]{40}\), byte for byte\.", released.run.output
    )
    assert released.report["verdict"]["outcome"] == "released"
    assert released.version == released.report["execution"]["id"]


def test_a_retraining_replaces_production_without_a_failed_request(released: Release, retrained: Release) -> None:
    assert retrained.run.code == 0, retrained.run.output
    assert set(retrained.answers.statuses()) == {200}
    assert set(retrained.answers.versions()) == {released.version, retrained.version}
    assert retrained.answers.read()[-1] == (200, retrained.version)
    assert json.loads(retrained.report["execution"]["hyperparameters"]) == {"num_round": "30"}
    assert len(retrained.report["tuning"]["trials"]) == 2
    assert retrained.report["execution"]["data_version"] == released.report["execution"]["data_version"]


def test_commands_in_inputs_are_not_run(founded: Account, retrained: Release) -> None:
    assert not (founded.home / "was-run").exists()


def test_a_comment_compares_the_pull_request_with_main(retrained: Release, reviewed: Run) -> None:
    assert reviewed.code == 0, reviewed.output
    assert "Summary - # " in reviewed.output
    assert (reviewed.artifacts / "report" / "report.html").is_file()
    comment = (reviewed.artifacts / f"comment-on-{PULL_REQUEST}.md").read_text()
    commit = retrained.report["execution"]["commit"]
    comparison = comment.partition("## Compared with main")[2]
    assert f"Main is commit {commit[:8]}." in comparison
    assert re.search(r"\| rmse \| [\d.]+ \| [\d.]+ \|", comparison)
    assert re.search(r"\| latency p95 \(ms\) \| [\d.]+ \| [\d.]+ \|", comparison)
    assert re.search(r"\| throughput \(requests/s\) \| [\d,.]+ \| [\d,.]+ \|", comparison)
    assert f"| Commit | `{commit}` |" in comment
    figures = comment.partition("## Cost, sizes and times")[2]
    assert re.search(r"\| model archive \| [\d.]+ .?B \| [\d.]+ .?B \|", figures)
    assert re.search(r"\| all stages \| \d.* \| \d.* \|", figures)
    assert re.search(r"\| cost of a day in production \| \$[\d.]+ \| \$[\d.]+ \|", figures)
    drift = comment.partition("## Data compared with main's")[2]
    assert re.search(r"\| trip&#95;distance \| [\d.]+ \|", drift)


@pytest.mark.parametrize("kind", BAD)
def test_alarms_roll_a_bad_release_back(retrained: Release, bad: dict[str, Release], kind: str) -> None:
    release = bad[kind]
    assert release.run.code == 1, release.run.output
    assert "ALARM" in release.run.output or "alarm" in release.run.output
    assert release.version == retrained.version
    assert release.answers.read()[-1] == (200, retrained.version)


@pytest.mark.parametrize("kind", BAD)
def test_only_the_canarys_own_requests_fail(bad: dict[str, Release], kind: str) -> None:
    release = bad[kind]
    failed = sum(release.answers.statuses().values()) - release.answers.statuses()[200]
    traffic = release.report["traffic"]
    assert traffic["failed"] == failed
    assert traffic["requests"] > 0
    assert (failed == 0) == (kind == "is slow")
    assert failed <= traffic["requests"]


def test_a_rollback_brings_the_previous_release_back_without_a_failed_request(
    released: Release, rolled_back: Release
) -> None:
    assert rolled_back.run.code == 0, rolled_back.run.output
    assert rolled_back.version == released.version
    assert set(rolled_back.answers.statuses()) == {200}
    assert rolled_back.answers.read()[-1] == (200, released.version)


def test_only_the_package_in_production_is_approved(packages: dict[int, str]) -> None:
    """The first release is in production; the rollback replaced the second; the others failed during their shift."""
    assert packages == {1: "Approved", 2: "Rejected", 3: "Rejected", 4: "Rejected", 5: "Rejected"}


def test_notifications_name_requester_commit_and_result_of_each_release(
    retrained: Release, bad: dict[str, Release], rolled_back: Release, messages: list[Message]
) -> None:
    subjects = Counter(subject for subject, _ in messages)
    assert subjects[f"{PROJECT}: released"] == 1
    assert subjects[f"{PROJECT}: rolled back"] == len(BAD)
    assert subjects[f"{PROJECT}: rolled back to version 1"] == 1
    assert sum("APPROVAL" in subject.upper() for subject in subjects.elements()) == 1 + len(BAD)
    [released] = [text for subject, text in messages if subject == f"{PROJECT}: released"]
    assert retrained.report["execution"]["commit"] in released
    # act's name for the actor of every run, and the reason from the inputs.
    assert "Requested by nektos/act: $(touch" in released
    assert f"executions/{retrained.version}" in released


def test_destroy_is_refused_without_the_projects_name(founded: Account, released: Release) -> None:
    run = founded.workflow("destroy", inputs={"confirm": "another-project"})
    assert run.code != 0
    assert "Nothing was deleted" in run.output


def test_destroy_deletes_everything_but_the_roles_of_github(founded: Account, destroyed: Run) -> None:
    assert destroyed.code == 0, destroyed.output
    stacks = founded.client("cloudformation").describe_stacks()["Stacks"]
    left = [each["StackName"] for each in stacks if not each["StackStatus"].startswith("DELETE")]
    assert sorted(left) == ["mlops-foundation", f"{PROJECT}-bootstrap", f"{PROJECT}-boundaries"]
    assert founded.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert founded.client("s3").list_buckets()["Buckets"] == []
    groups = [each["logGroupName"] for each in founded.client("logs").describe_log_groups()["logGroups"]]
    # The jobs of all projects of an account share two groups.
    assert sorted(groups) == ["/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs"]


def test_every_permission_was_used_or_has_a_comment_in_its_template(
    founded: Account, grants: list[Grant], destroyed: Run
) -> None:
    entries = ledger(founded)
    unexplained = [grant for grant in permissions.unused(grants, entries) if not permissions.is_explained(grant)]
    assert [str(grant) for grant in unexplained] == []


def test_no_role_was_denied_an_action(founded: Account, destroyed: Run) -> None:
    assert sorted({(entry["role"], entry["action"]) for entry in ledger(founded) if not entry["allowed"]}) == []


def test_no_credential_is_in_logs_artifacts_or_messages(
    founded: Account, released: Release, retrained: Release, bad: dict[str, Release], texts: list[Written]
) -> None:
    secrets = (founded.home / "secrets").read_text().split()
    runs = {"released": released, "retrained": retrained, **bad}
    outputs = [(f"output of the workflow: {name}", release.run.output.encode()) for name, release in runs.items()]
    assert len(secrets) > 20
    assert any(b"AWS_CONTAINER_CREDENTIALS_FULL_URI" in content for place, content in texts if place.startswith("log"))
    assert leaks.leaks([*texts, *outputs], secrets) == []


def ledger(account: Account) -> list[dict]:
    """IAM's decisions in all these runs."""
    return [json.loads(line) for line in (account.cloud_directory / "iam.jsonl").read_text().splitlines()]
