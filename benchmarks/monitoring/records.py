"""Captured records of the synthetic sample: its test set again and again, with noise on what the endpoint answered."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1] / "{{cookiecutter.project}}"
_RECORDS_A_FILE = 5_000
_SEED = 2019


def dataset(folder: Path) -> Path:
    """The prepared synthetic sample, made by another process: this one stays small, see `compare._run`."""
    program = "import sys, pathlib, data; data.prepare(None, pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", program, str(folder)], cwd=PROJECT, check=True)
    return folder


def baseline(prepared: Path, base: Path, environment: dict[str, str]) -> Path:
    """The baseline of the prepared data set, made by the container's program."""
    inputs = base / "processing" / "input"
    inputs.mkdir(parents=True)
    (inputs / "baseline").symlink_to(prepared / "baseline")
    command = [sys.executable, "-m", "mlops.container", "baseline"]
    environment = environment | {"SAGEMAKER_BASE_DIR": str(base)}
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return base / "processing" / "output" / "baseline"


def write(prepared: Path, folder: Path, count: int, *, longer_trips: float = 1.0) -> None:
    """`count` records of one row each below `folder`. `longer_trips` multiplies the distance and what it costs."""
    with (prepared / "test" / "test.csv").open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    draw, distance = random.Random(_SEED), names.index("trip_distance")
    for start in range(0, count, _RECORDS_A_FILE):
        hour = start // _RECORDS_A_FILE
        path = folder / "taxi" / "AllTraffic" / "2026" / "01" / f"{1 + hour // 24:02}" / f"{hour % 24:02}" / "00.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            for number in range(start, min(start + _RECORDS_A_FILE, count)):
                row = list(draw.choice(rows))
                row[distance] = f"{float(row[distance]) * longer_trips:.2f}"
                answer = float(row[0]) * longer_trips + draw.gauss(0, 3)
                time = f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:{number % 3600 // 60:02}:{number % 60:02}Z"
                file.write(json.dumps(_record(",".join(row[1:]), answer, f"event-{number}", time)) + "\n")


def _record(request: str, answer: float, event: str, time: str) -> dict:
    sides = {"endpointInput": ("INPUT", request), "endpointOutput": ("OUTPUT", f"{answer:.9g}")}
    data = {
        name: {"observedContentType": "text/csv", "mode": mode, "data": f"{body}\n", "encoding": "CSV"}
        for name, (mode, body) in sides.items()
    }
    return {
        "captureData": data,
        "eventMetadata": {"eventId": event, "inferenceTime": time},
        "eventVersion": "0",
    }
