"""A small model that is monitored: its baseline, and records that an endpoint would have captured."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mlops.container.directories import Container
from mlops.container.kinds import Category, Number
from mlops.container.programs.baseline import baseline
from mlops.container.programs.monitor import monitor
from mlops.container.programs.quality import quality

FEATURES = (Number("size"), Number("rooms", integer=True), Category("color", ("green", "red", "yellow")))
PRICE = Number("price")
SOLD = Category("sold", ("no", "yes"))
STYLE = Category("style", ("brick", "glass", "wood"))
TIME = "2026-01-01T10:00:00Z"


def rows(count: int, seed: int = 1, larger: float = 0.0, colors: str = "green green red") -> list[list[str]]:
    """Rows of the features; two in three are green."""
    draw = random.Random(seed)
    return [
        [f"{draw.gauss(100, 10) + larger:.3f}", str(draw.randint(1, 5)), draw.choice(colors.split())]
        for _ in range(count)
    ]


def record(
    request: str | None,
    answer: str | None,
    event: str = "e",
    *,
    encoding: str = "CSV",
    media: str = "text/csv",
    time: str | None = TIME,
    **metadata: str,
) -> str:
    """A captured record as a line."""
    sides = {"endpointInput": ("INPUT", request), "endpointOutput": ("OUTPUT", answer)}
    data = {}
    for name, (mode, text) in sides.items():
        if text is not None:
            body = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
            data[name] = {"observedContentType": media, "mode": mode, "data": body, "encoding": encoding}
    known = {"eventId": event} | metadata | ({"inferenceTime": time} if time else {})
    return json.dumps({"captureData": data, "eventMetadata": known, "eventVersion": "0"})


def records(cells: Sequence[Sequence[str]], answers: Iterable[str] | None = None) -> list[str]:
    """A record of one row each; the answer is the size unless given."""
    given = answers if answers is not None else [row[0] for row in cells]
    return [
        record(",".join(row) + "\n", f"{answer}\n", f"e{position}")
        for position, (row, answer) in enumerate(zip(cells, given, strict=True))
    ]


def truth(event: str, data: str, encoding: str = "CSV") -> str:
    """A record of ground truth as a line."""
    return json.dumps(
        {
            "groundTruthData": {"data": data, "encoding": encoding},
            "eventMetadata": {"eventId": event},
            "eventVersion": "0",
        }
    )


class Job:
    """A monitoring job in a base directory, with a baseline of 3,000 rows, and its outputs after `run`."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch, target: Number | Category = PRICE) -> None:
        monkeypatch.setattr("mlops.team.features", lambda: (target, FEATURES))
        self.base, self.inputs = base, base / "processing" / "input"
        described = rows(3000, seed=7)
        folder = self.inputs / "baseline"
        folder.mkdir(parents=True)
        draw = random.Random(3)
        labels = target.values if isinstance(target, Category) else ()
        lines = [",".join([draw.choice(labels) if labels else _answer(target, row), *row]) for row in described]
        header = ",".join([target.name, *(feature.name for feature in FEATURES)])
        (folder / "baseline.csv").write_text("\n".join([header, *lines]) + "\n")
        baseline(Container(base))
        for name in ("statistics", "constraints"):
            (folder / f"{name}.json").write_text((base / f"processing/output/baseline/{name}.json").read_text())

    def change(self, name: str, value: Any, *path: str) -> None:
        """Set a value of constraints.json: below `path`, of the feature `name`, or of monitoring_config for ""."""
        file = self.inputs / "baseline" / "constraints.json"
        document = json.loads(file.read_text())
        part = document["monitoring_config"]
        if name:
            part = next(feature for feature in document["features"] if feature["name"] == name)
        for key in path[:-1]:
            part = part.setdefault(key, {})
        part[path[-1]] = value
        file.write_text(json.dumps(document))

    def write(self, lines: Iterable[str], name: str = "capture/houses/AllTraffic/2026/01/01/10/a.jsonl") -> None:
        file = self.inputs / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines))

    def run(self, lines: Iterable[str] | None = None) -> dict[str, Any]:
        """Monitor the lines; metrics.json."""
        if lines is not None:
            self.write(lines)
        monitor(Container(self.base))
        return self.output("metrics")

    def judge(self, lines: Iterable[str]) -> dict[str, Any]:
        """Compare the lines with ground truth; metrics.json."""
        self.write(lines)
        quality(Container(self.base))
        return self.output("metrics")

    def output(self, name: str) -> dict[str, Any]:
        path = self.base / "processing" / "output" / "monitoring" / f"{name}.json"
        return json.loads(path.read_text(), parse_constant=pytest.fail)

    @property
    def page(self) -> str:
        return (self.base / "processing" / "output" / "monitoring" / "report.html").read_text()

    def violations(self) -> dict[tuple[str, str], str]:
        """Descriptions by feature and check."""
        found = self.output("constraint_violations")["violations"]
        return {(entry["feature_name"], entry["constraint_check_type"]): entry["description"] for entry in found}


def _answer(target: Number | Category, row: list[str]) -> str:
    return f"{float(row[0]):.0f}" if isinstance(target, Number) and target.integer else row[0]
