"""What a user of Evidently would write: captured records into a data frame, a drift report of it, saved as a page.

    python evidently_report.py BASELINE.csv CAPTURE_FOLDER REPORT.html

Runs in an environment of its own: see README.md. Prints the names of drifted columns as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pandas
from evidently import Report
from evidently.presets import DataDriftPreset


def main(baseline: str, capture: str, report: str) -> None:
    reference = pandas.read_csv(baseline)
    target, *features = reference.columns
    rows, answers = [], []
    for path in sorted(Path(capture).rglob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                data = json.loads(line)["captureData"]
                rows.append(data["endpointInput"]["data"])
                answers.append(float(data["endpointOutput"]["data"]))
    current = pandas.read_csv(io.StringIO("".join(rows)), names=features)
    current[target] = answers
    # The order of the columns is the reference's.
    result = Report([DataDriftPreset()]).run(current[[target, *features]], reference)
    result.save_html(report)
    compared = [metric for metric in result.dict()["metrics"] if "column" in metric.get("config", {})]
    # The default methods for more than 1,000 rows are distances: a larger one is drift.
    drifted = [metric["config"]["column"] for metric in compared if metric["value"] >= metric["config"]["threshold"]]
    print(json.dumps(drifted))


if __name__ == "__main__":
    main(*sys.argv[1:])
