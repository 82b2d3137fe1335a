"""A month of retraining, by the schedules of monitoring.yml and of the workflow."""

from __future__ import annotations

import pytest
from estimates import about

from mlops.errors import InputError


def test_a_schedule_of_retrainings_counts_beside_the_workflow(costed) -> None:
    repository = costed("us-east-1")
    repository.change(
        "monitoring.yml", lambda settings: settings.update(retraining={"schedule": "cron(0 6 1,15 * ? *)"})
    )
    assert repository.estimate().retrainings == 3


@pytest.mark.parametrize(
    "settings", [{"schedule": "cron(0 6 L * ? *)"}, {"retraining": {"schedule": "cron(0 6 L * ? *)"}}]
)
def test_a_schedule_that_cannot_be_counted_is_refused_by_its_key(costed, settings: dict) -> None:
    repository = costed("us-east-1")
    repository.change("monitoring.yml", lambda monitoring: monitoring.update(settings))
    with pytest.raises(InputError, match=r"monitoring\.yml: (retraining\.)?schedule: found cron\(0 6 L \* \? \*\)"):
        repository.estimate()


@pytest.mark.parametrize(
    ("triggers", "releases"),
    [
        ("on: workflow_dispatch", 0),
        ("on:\n  workflow_dispatch:", 0),
        ('"on":\n  schedule:\n    - cron: "0 3 1,8,15,22 * *"', 4),
        ('on:\n  schedule:\n    - cron: "0 3 1 * *"\n    - cron: "0 3 2 * *"', 2),
    ],
)
def test_the_workflow_says_how_often_a_month_retrains(costed, triggers: str, releases: int) -> None:
    repository = costed("us-east-1")
    (repository.root / ".github" / "workflows" / "retrain.yml").write_text(f"name: retrain\n{triggers}\n")
    estimate = repository.estimate()
    assert estimate.retrainings == releases
    # 24.4675 for each
    assert estimate.document()["retraining_month"]["usd_at_most"] == about(24.4675 * releases)


def test_an_unreadable_schedule_is_refused(costed) -> None:
    repository = costed("us-east-1")
    file = repository.root / ".github" / "workflows" / "retrain.yml"
    file.write_text('on:\n  schedule:\n    - cron: "@monthly"\n')
    with pytest.raises(InputError, match=r"retrain\.yml: schedule: .*allowed: cron expressions of five fields"):
        repository.estimate()
