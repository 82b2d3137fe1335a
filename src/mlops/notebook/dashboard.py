"""CloudWatch's dashboard of production, drawn from the JSON that CloudWatch draws."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mlops.errors import InputError
from mlops.notebook import charts
from mlops.notebook.html import Shown, figures, table
from mlops.release import Repository
from mlops.window.dashboards import Dashboards


def dashboard(repository: Repository, minutes: int = 30) -> Shown:
    """The dashboard's charts over the last minutes, and the alarms that it lists. Empty charts are left out."""
    read = Dashboards(repository.session).read({"minutes": str(minutes)})["dashboards"]
    found = next((each for each in read if each["name"].startswith(repository.names.project)), None)
    if found is None:
        raise InputError(f"CloudWatch has no dashboard of {repository.names.project}. Run: mlops deploy")
    end = datetime.fromisoformat(found["to"]).timestamp()
    drawn = [(each["title"], "", _chart(each, end, minutes)) for each in found["widgets"] if _has_points(each)]
    empty = [each["title"] for each in found["widgets"] if each["title"] and each["lines"] and not _has_points(each)]
    alarms = sorted({name for each in found["widgets"] for name in each["alarms"]})
    shown = Shown(f'<p class="note">{found["name"]}, the last {minutes} minutes</p>') + figures(drawn)
    if empty:
        shown += Shown(f'<p class="note">Without values: {", ".join(empty)}</p>')
    return shown + _alarms(repository, alarms) if alarms else shown


def _has_points(widget: dict[str, Any]) -> bool:
    return any(line["points"] for line in widget["lines"])


def _chart(widget: dict[str, Any], end: float, minutes: int) -> str:
    series = [(line["label"], [((at - end) / 60, value) for at, value in line["points"]]) for line in widget["lines"]]
    bounds = [each["value"] for each in widget["horizontal"] if isinstance(each["value"], int | float)]
    label = widget["axis"].get("left", {}).get("label", "")
    kept = [(name, points) for name, points in series if points]
    return charts.lines(widget["title"], kept, "minutes from now", label, span=(-minutes, 0), bounds=bounds)


def _alarms(repository: Repository, names: list[str]) -> Shown:
    client = repository.session.client("cloudwatch")
    found = client.describe_alarms(AlarmNames=names[:100])["MetricAlarms"]
    tones = {"OK": "good", "ALARM": "bad"}
    rows = [(each["StateValue"], each["AlarmName"], each.get("StateReason", "")) for each in found]
    return table(("State", "Alarm", "Reason"), rows, [tones.get(row[0], "") for row in rows])
