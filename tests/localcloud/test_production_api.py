"""Production behind the API: a broken release gets no traffic or is rolled back, and each release has its alarms."""

import uuid
from collections.abc import Iterator

import fronting
import pytest
from api_production import ApiProduction, fails_at, open_project, predicts
from hosting import Hosting

pytestmark = pytest.mark.acceptance


@pytest.fixture
def project(hosting: Hosting) -> Iterator[ApiProduction]:
    opened = open_project(hosting, f"shop-{uuid.uuid4().hex[:6]}")
    yield opened
    opened.production.delete()


def test_a_first_release_whose_function_is_broken_gets_no_traffic(project: ApiProduction) -> None:
    broken = fronting.archive("app.py", new=fronting.BROKEN)
    assert project.deploy(project.parameters(1, predicts(2.0), 2.0, broken)) == "ROLLBACK_COMPLETE"
    assert any("fails at GET /health" in reason for reason in project.production.reasons())
    project.production.delete()
    assert project.deploy(project.parameters(2, predicts(2.0), 2.0)) == "CREATE_COMPLETE"
    assert project.ask().status == 200


def test_a_release_whose_function_is_broken_gets_no_traffic(project: ApiProduction) -> None:
    project.deploy(project.parameters(1, predicts(2.0), 2.0))
    broken = fronting.archive("app.py", new=fronting.BROKEN)
    with project.load() as answers:
        assert project.deploy(project.parameters(2, predicts(3.0), 3.0, broken)) == "UPDATE_ROLLBACK_COMPLETE"
    assert set(answers) == {(200, "00000001-1111")}


def test_each_release_has_alarms_of_its_own_until_the_next_one_serves(project: ApiProduction) -> None:
    kinds = ("5xx", "errors", "latency")
    for number in (1, 2):
        project.deploy(project.parameters(number, predicts(2.0), 2.0))
        own = {f"{project.project}-production-{number:08d}-{kind}" for kind in kinds}
        assert project.alarms().keys() == own | {f"{project.project}-production-errors"}


def test_a_release_that_fails_requests_is_taken_back(project: ApiProduction) -> None:
    project.deploy(project.parameters(1, predicts(2.0), 2.0))
    with project.load("9,9"):
        assert (
            project.deploy(project.parameters(2, fails_at("9,9", 3.0), 3.0, ShiftMinutes=20))
            == "UPDATE_ROLLBACK_COMPLETE"
        )
    assert any("ALARM_ACTIVE" in reason for reason in project.production.reasons())
    assert project.ask("9,9") == (200, "00000001-1111")
