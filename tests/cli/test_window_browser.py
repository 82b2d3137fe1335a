"""The window in a real browser: what it shows of a pipeline that waits, and that texts of AWS stay texts."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import browsers
import pytest
import small_pipeline
from click.testing import Result
from test_window import until_it_waits

from mlops.aws.session import Session
from mlops.names import Names
from mlops.window.dashboards import Dashboards
from mlops.window.document import State, log
from mlops.window.server import Window

pytestmark = browsers.MARKS
MARKUP = "<img src=x onerror=document.title='taken'><b>bold</b>"
MACHINE = {
    "StartAt": "Prepare",
    "States": {
        "Prepare": {"Type": "Pass", "Next": "Both"},
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Hold", "States": {"Hold": {"Type": "Wait", "Seconds": 99999, "End": True}}},
                {"StartAt": "Skip", "States": {"Skip": {"Type": "Pass", "End": True}}},
            ],
            "End": True,
        },
    },
}
WIDGET = {
    "type": "metric",
    "width": 12,
    "height": 6,
    "properties": {
        "title": MARKUP,
        "region": "us-east-1",
        "stat": "Sum",
        "period": 60,
        "metrics": [["Window/Test", "Requests", "Endpoint", "one", {"label": "requests"}]],
        "annotations": {"horizontal": [{"label": "most", "value": 12}]},
    },
}


@pytest.fixture
def window(session: Session) -> Iterator[Window]:
    documents = {"state": State(session).read, "dashboards": Dashboards(session).read, "log": partial(log, session)}
    opened = Window(documents)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def open_page(browser: Any, window: Window) -> Iterator[Callable[..., Any]]:
    """Opens the window; fails when the page reports an error or asks another place for anything."""
    pages, faults = [], []

    def open_page(width: int = 1280, scheme: str = "light") -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("request", lambda asked: None if asked.url.startswith(window.address) else faults.append(asked.url))
        page.goto(window.address)
        page.wait_for_selector("#verdict .verdict")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not [each for each in faults if not each.endswith("/favicon.ico")]


@pytest.fixture
def waiting(session: Session, names: Names, repository: Path, mlops: Callable[..., Result]) -> dict[str, Any]:
    """A pipeline whose execution waits for its approval, started for a reason with markup in it."""
    small_pipeline.create(session, names, repository)
    assert mlops("start", "--reason", MARKUP).exit_code == 0
    return until_it_waits(session, names)


@pytest.fixture
def machine(session: Session, names: Names) -> str:
    """The name of a state machine of which a branch runs."""
    client, trust = session.client("stepfunctions"), {"Service": "states.amazonaws.com"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}],
    }
    name = f"{names.project}-draw"
    role = session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))["Role"]["Arn"]
    arn = client.create_state_machine(name=name, roleArn=role, definition=json.dumps(MACHINE))["stateMachineArn"]
    client.start_execution(stateMachineArn=arn)
    return name


def test_a_pipeline_that_waits_is_shown_with_its_stages_log_and_reason(
    waiting: dict[str, Any], open_page: Callable[..., Any]
) -> None:
    page = open_page()
    pipeline = page.locator("#pipeline")
    assert "Waits for you" in pipeline.locator("[data-stage=Approve]").first.inner_text()
    assert "Succeeded" in pipeline.locator("[data-stage=Test]").first.inner_text()
    pipeline.get_by_role("button", name="Log of Test/QA").first.click()
    page.wait_for_selector("#log:not([hidden]) pre")
    assert "p95 latency 12 ms" in page.inner_text("#log pre")
    page.keyboard.press("Escape")
    assert page.locator("#log").is_hidden()


def test_texts_of_aws_are_never_markup(waiting: dict[str, Any], open_page: Callable[..., Any]) -> None:
    page = open_page()
    assert MARKUP in page.inner_text("#pipeline")
    assert page.locator("main img, main td b, main small b").count() == 0
    assert page.title() != "taken"


def test_the_running_state_of_a_branch_is_marked(machine: str, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.get_by_role("button", name=machine).click()
    page.wait_for_selector("[data-node=Hold].running")
    assert page.locator("[data-node=Prepare].succeeded").count() == 1
    page.wait_for_selector("[data-node=Skip].succeeded")


def test_a_dashboard_is_drawn_from_its_own_json(session: Session, names: Names, open_page: Callable[..., Any]) -> None:
    client = session.client("cloudwatch")
    datum = {"MetricName": "Requests", "Dimensions": [{"Name": "Endpoint", "Value": "one"}], "Value": 7}
    client.put_metric_data(Namespace="Window/Test", MetricData=[datum])
    client.put_dashboard(DashboardName=names.project, DashboardBody=json.dumps({"widgets": [WIDGET]}))
    page = open_page()
    page.wait_for_selector("#dashboards .widget svg")
    widget = page.locator("#dashboards .widget").first
    assert MARKUP in widget.inner_text()
    assert "requests" in widget.inner_text()
    assert widget.locator("line.bound").count() == 1
    assert widget.locator(".dot").count() == 1
    client.delete_dashboards(DashboardNames=[names.project])


def test_the_metrics_that_a_search_finds_are_drawn_with_what_differs_as_their_labels(
    session: Session, names: Names, open_page: Callable[..., Any]
) -> None:
    client = session.client("cloudwatch")
    values = {"Feature": ("distance", "hour"), "Metric": ("rmse",)}
    data = [
        {"MetricName": "Drift", "Dimensions": [{"Name": name, "Value": each}], "Value": 0.25}
        for name, found in values.items()
        for each in found
    ]
    client.put_metric_data(Namespace="window/search-1", MetricData=data)
    rows = [
        [{"expression": """SEARCH('{"window/search-1",Feature} MetricName="Drift"', 'Maximum', 60)"""}],
        [{"expression": "SEARCH('Drift', 'Maximum')"}],
    ]
    body = {"widgets": [WIDGET | {"properties": WIDGET["properties"] | {"metrics": rows}}]}
    client.put_dashboard(DashboardName=names.project, DashboardBody=json.dumps(body))
    page = open_page()
    page.wait_for_selector("#dashboards .widget svg")
    widget = page.locator("#dashboards .widget").first
    assert [each.strip("0.25 ") for each in widget.locator(".legend li").all_inner_texts()] == ["distance", "hour"]
    assert widget.locator(".dot").count() == 2
    assert "Computed by CloudWatch only: SEARCH('Drift', 'Maximum')" in widget.inner_text()
    client.delete_dashboards(DashboardNames=[names.project])


def test_the_page_never_scrolls_sideways(waiting: dict[str, Any], machine: str, open_page: Callable[..., Any]) -> None:
    for scheme in ("light", "dark"):
        for width in (360, 768, 1280):
            page = open_page(width, scheme)
            page.wait_for_selector("#machines svg")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)


def test_the_page_follows_the_browsers_colour_scheme(open_page: Callable[..., Any]) -> None:
    colours = {
        open_page(scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(colours) == 2


def test_a_closed_window_is_reported(window: Window, browser: Any) -> None:
    page = browser.new_page()
    page.goto(window.address)
    page.wait_for_selector("#alive:not(.gone):not(:empty)")
    page.route("**/state.json*", lambda route: route.abort())
    page.wait_for_selector("#alive.gone")
    assert "mlops local open" in page.inner_text("#alive")
    page.close()
