"""The workflow files: permissions, environments, branches, limits. test_workflow_runs.py runs them with act."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from baking import REPOSITORY
from files import FOLDER, NAMES, jobs, parsed, steps, text
from templates import resources

PURPOSES = {"approve": "approval"}
PRODUCTION = ("release", "retrain", "rollback", "destroy")
BIN = Path(sys.executable).parent
PIN = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)$", re.MULTILINE)


def test_the_readme_describes_each_workflow():
    readme = (REPOSITORY / "README.md").read_text()
    assert re.findall(r"^\| `([\w-]+)` \| (?:each|push|after|by hand)", readme, re.MULTILINE) != []
    assert sorted(re.findall(r"^\| `([\w-]+)` \| (?:each|push|after|by hand)", readme, re.MULTILINE)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_opens_with_its_process_in_numbered_steps(name):
    lines = text(name).splitlines()
    comment = lines[: next(number for number, line in enumerate(lines) if not line.startswith("#"))]
    assert any(re.match(r"# 1\. ", line) for line in comment)
    assert len(comment) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_permissions_are_granted_per_job_with_a_reason(name):
    assert parsed(name)["permissions"] == {}
    for job in jobs(name).values():
        assert "permissions" in job
    granted = re.findall(r"^      [\w-]+: (?:read|write)(.*)$", text(name), re.MULTILINE)
    assert granted and all(reason.startswith(" # to ") for reason in granted)


RIGHTS = {
    ("pull-request", "check"): {"contents": "read"},
    ("pull-request", "pipeline"): {"contents": "read", "actions": "read"},
    ("pull-request", "comment"): {"actions": "read", "pull-requests": "write"},
    **{
        (name, job): {"contents": "read", "id-token": "write"}
        for name, job in (
            ("release", "release"),
            ("retrain", "retrain"),
            ("rollback", "rollback"),
            ("destroy", "destroy"),
        )
    },
    **{
        (name, "approve"): {"contents": "read", "id-token": "write", "actions": "read"}
        for name in ("release", "retrain", "approve")
    },
}


def test_each_job_has_these_rights_and_no_others():
    assert {(name, key): job["permissions"] for name in NAMES for key, job in jobs(name).items()} == RIGHTS


def test_each_purpose_has_its_environment_and_its_role():
    environments = {}
    for name in NAMES:
        for key, job in jobs(name).items():
            for step in job.get("steps", []):
                if "role-to-assume" in step.get("with", {}):
                    environments[name, key] = (job.get("environment"), step["with"]["role-to-assume"])
    assert environments == {
        ("release", "release"): (None, "${{ vars.RELEASE_ROLE_ARN }}"),
        ("approve", "approve"): ("production", "${{ vars.APPROVAL_ROLE_ARN }}"),
        ("retrain", "retrain"): ("retrain", "${{ vars.RETRAIN_ROLE_ARN }}"),
        ("rollback", "rollback"): ("rollback", "${{ vars.ROLLBACK_ROLE_ARN }}"),
        ("destroy", "destroy"): ("destroy", "${{ vars.DESTROY_ROLE_ARN }}"),
    }


def test_workflows_that_change_production_run_on_main_only():
    assert parsed("release")["on"]["push"] == {"branches": ["main"]}
    for name in PRODUCTION:
        assert jobs(name)[name]["if"] == "github.ref == 'refs/heads/main'"


def test_releases_follow_each_other_and_none_is_cancelled():
    for name in ("release", "retrain", "destroy"):
        assert parsed(name)["concurrency"] == {"group": "production", "cancel-in-progress": False}


def test_a_rollback_does_not_wait_for_the_reviewers_of_a_release():
    assert parsed("rollback")["concurrency"] == {"group": "rollback", "cancel-in-progress": False}


@pytest.mark.parametrize("name", ["approve", *PRODUCTION])
def test_credentials_last_as_long_as_their_job(name):
    job = jobs(name)[name]
    (inputs,) = [step["with"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
    seconds = inputs.get("role-duration-seconds", 3600)
    assert 60 * job["timeout-minutes"] <= seconds
    roles = resources("bootstrap", "AWS::IAM::Role").values()
    (role,) = [role for role in roles if role["RoleName"]["Fn::Sub"].endswith(f"-github-{PURPOSES.get(name, name)}")]
    assert seconds <= role["MaxSessionDuration"]


def test_a_newer_push_to_a_pull_request_cancels_the_older_run():
    concurrency = parsed("pull-request")["concurrency"]
    assert "github.ref" in concurrency["group"]
    assert concurrency["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


@pytest.mark.parametrize("name", NAMES)
def test_every_job_has_a_name_and_a_limit_of_time(name):
    for job in jobs(name).values():
        assert job["name"]
        assert "uses" in job or 5 <= job["timeout-minutes"] <= 360


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_by_commit_with_a_comment_that_names_the_version(name):
    uses = [line for line in text(name).splitlines() if "uses: " in line and "./.github" not in line]
    assert len(uses) == len(PIN.findall(text(name)))


@pytest.mark.parametrize("name", NAMES)
def test_inputs_reach_scripts_through_environment_variables(name):
    for step in steps(name):
        assert "${{" not in step.get("run", ""), step


@pytest.mark.parametrize("name", NAMES)
def test_checkouts_do_not_persist_credentials(name):
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_used_anywhere(name):
    assert "secrets." not in text(name)


def test_a_pull_request_has_no_access_to_aws():
    workflow = text("pull-request")
    assert "id-token" not in workflow and "vars." not in workflow and "configure-aws-credentials" not in workflow
    assert set(parsed("pull-request")["on"]) == {"pull_request", "push"}


def test_the_job_that_may_comment_runs_no_code_of_the_pull_request():
    comment = jobs("pull-request")["comment"]
    assert not any("uses" in step for step in comment["steps"])
    assert "head.repo.full_name == github.repository" in comment["if"]


def test_retrain_has_these_inputs_and_a_schedule():
    inputs = parsed("retrain")["on"]["workflow_dispatch"]["inputs"]
    assert {name: each["type"] for name, each in inputs.items()} == {
        "tune": "boolean",
        "data_version": "string",
        "hyperparameters": "string",
        "reason": "string",
    }
    assert inputs["reason"]["required"] is True
    assert parsed("retrain")["on"]["schedule"]


def test_destroy_requires_a_confirmation():
    confirm = parsed("destroy")["on"]["workflow_dispatch"]["inputs"]["confirm"]
    assert confirm["required"] is True and "default" not in confirm


def test_the_variable_approval_leaves_the_approval_to_codepipeline():
    for name in ("release", "retrain"):
        assert jobs(name)["approve"]["if"] == "vars.APPROVAL != 'codepipeline'"


def repository_with(directory: Path, change) -> Path:
    """A repository whose workflows are the output of `change`."""
    folder = directory / ".github" / "workflows"
    shutil.copytree(FOLDER, folder)
    for file in folder.glob("*.yml"):
        file.write_text(change(file.read_text()))
    subprocess.run(["git", "init", "--quiet"], cwd=directory, check=True)
    return directory


@pytest.mark.parametrize("pins", ["commits", "versions"])
def test_actionlint_finds_nothing(tmp_path, pins):
    """With versions in place of commits it also checks the inputs of the actions."""
    root = repository_with(
        tmp_path, lambda found: found if pins == "commits" else PIN.sub(r"uses: \g<action>@\g<version>", found)
    )
    path = {"PATH": f"{BIN}:/usr/bin:/bin"}
    done = subprocess.run([BIN / "actionlint"], cwd=root, env=path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_zizmor_finds_nothing():
    command = [BIN / "zizmor", "--offline", "--strict-collection", "--persona", "pedantic", "--no-progress", "."]
    done = subprocess.run(command, cwd=REPOSITORY / ".github", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_only_a_release_of_the_commit_that_is_checked_out_can_be_approved():
    checkout = next(step for step in steps("approve") if step.get("uses", "").startswith("actions/checkout@"))
    # Without a ref it is the commit of the run, which is the one that the reviewers see.
    assert checkout["with"] == {"persist-credentials": False}
    (command,) = [step["run"] for step in steps("approve") if "mlops approve" in step.get("run", "")]
    assert "--verify-source" in command
