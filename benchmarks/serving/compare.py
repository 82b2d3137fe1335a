"""Compare the server in `mlops.container.serving` with what SageMaker's classic containers run.

    python benchmarks/serving/compare.py

What has to be installed is in README.md. Takes about three minutes and writes RESULTS.md beside itself. Linux only, for it weighs the servers by /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import servers
from load import throughput

CONNECTIONS = 32
ROWS = (1, 100, 5000)
# Dollars; the answers have nine digits, which tell any two float32 apart.
LARGEST_DIFFERENCE = 1e-4

Start = Callable[[Path, Path], contextlib.AbstractContextManager[servers.Running]]


@dataclass
class Figures:
    """What was measured of one server, one entry per repetition."""

    throughput: dict[int, list[float]] = field(default_factory=lambda: {rows: [] for rows in ROWS})
    megabytes: list[float] = field(default_factory=list)
    seconds_to_ping: list[float] = field(default_factory=list)
    difference: float = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="of load per server and size [default: 4]")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions, of which the median counts [default: 3]")
    parser.add_argument("--output", type=Path, default=servers.HERE / "RESULTS.md")
    options = parser.parse_args()
    candidates: dict[str, Start] = {
        "ours": servers.ours,
        # What ours is held against: its better setting. Left alone, XGBoost's threads in both workers fight for cores.
        "classic": lambda base, scratch: servers.classic(base, scratch, OMP_NUM_THREADS="1"),
        "classic, threads left alone": servers.classic,
    }
    figures = {name: Figures() for name in candidates}
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        bodies, expected = _model_and_requests(base)
        for repetition in range(options.repeat):
            for name, start in candidates.items():
                print(f"repetition {repetition + 1} of {options.repeat}: {name}", file=sys.stderr, flush=True)
                _measure(start, base, bodies, expected, options.seconds, figures[name])
    report = _report(figures, options)
    options.output.write_text(report)
    print(report)
    return 0 if figures["ours"].difference <= LARGEST_DIFFERENCE else 1


def _model_and_requests(base: Path) -> tuple[dict[int, bytes], list[float]]:
    """Train on the synthetic sample with the configured hyperparameters; rows to send, and the booster's answers."""
    sys.path.insert(0, str(servers.PROJECT))
    import data
    import numpy as np
    import xgboost
    from model.features import FEATURES, TARGET

    from mlops.container import dataset

    prepared = base / "dataset"
    data.prepare(None, prepared)
    (base / "input").mkdir()
    (base / "input" / "data").symlink_to(prepared)
    (base / "input" / "config").mkdir()
    request = json.loads((servers.PROJECT / "configuration" / "trainingjob.json").read_text())
    (base / "input" / "config" / "hyperparameters.json").write_text(json.dumps(request["HyperParameters"]))
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base)}
    command = [sys.executable, "-m", "mlops.container", "train"]
    subprocess.run(command, cwd=servers.PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)
    train = prepared / "train" / "train.csv"
    lines = [line.partition(",")[2] for line in train.read_text().splitlines()[1 : max(ROWS) + 1]]
    booster = xgboost.Booster(model_file=base / "model" / "model.ubj")
    expected = booster.inplace_predict(
        np.ascontiguousarray(dataset.read([train], FEATURES, TARGET).features[: max(ROWS)])
    )
    return {rows: ("\n".join(lines[:rows]) + "\n").encode() for rows in ROWS}, expected.tolist()


def _measure(
    start: Start, base: Path, bodies: dict[int, bytes], expected: list[float], seconds: float, figures: Figures
) -> None:
    with tempfile.TemporaryDirectory() as scratch, start(base, Path(scratch)) as running:
        figures.seconds_to_ping.append(running.seconds_to_ping)
        answers = _invoke(running.port, bodies[max(ROWS)])
        figures.difference = max(abs(a - b) for a, b in zip(answers, expected, strict=True))
        for rows, body in bodies.items():
            throughput(running.port, body, CONNECTIONS, seconds / 4)
            figures.throughput[rows].append(throughput(running.port, body, CONNECTIONS, seconds))
        figures.megabytes.append(running.megabytes())


def _invoke(port: int, body: bytes) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/invocations", body, {"Content-Type": "text/csv"})
    answer = connection.getresponse().read().decode()
    connection.close()
    return [float(line) for line in answer.splitlines()]


def _report(figures: dict[str, Figures], options: argparse.Namespace) -> str:
    ours, *others = figures
    nginx = (
        ""
        if servers.nginx()
        else (
            "\n**nginx was not installed here** (`apt-get install nginx-light`): classic ran without it, which flatters it.\n"
        )
    )
    lines = [
        "# Serving: ours against SageMaker's classic stack",
        "",
        f"Made by `python benchmarks/serving/compare.py` on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. {servers.WORKERS} workers, {CONNECTIONS} connections, "
        f"median of {options.repeat} runs of {options.seconds:g} s; the load generator shares the cores.",
        nginx,
        "| | " + " | ".join(figures) + " | ours / classic |",
        "|---|" + "---:|" * (len(figures) + 1),
    ]
    median = statistics.median

    def row(label: str, values: dict[str, float], form: str) -> str:
        classic = values[others[0]]
        # No request ended in a run that was too short for a busy machine.
        ratio = f"{values[ours] / classic:.2f}" if classic else "–"
        cells = " | ".join(form.format(value) for value in values.values())
        return f"| {label} | {cells} | {ratio} |"

    for rows in ROWS:
        values = {name: median(figure.throughput[rows]) for name, figure in figures.items()}
        lines.append(row(f"requests/s, {rows:,} {'row' if rows == 1 else 'rows'}", values, "{:,.0f}"))
    values = {name: median(figure.megabytes) for name, figure in figures.items()}
    lines.append(row("memory after load, MB (PSS)", values, "{:,.0f}"))
    values = {name: median(figure.seconds_to_ping) for name, figure in figures.items()}
    lines.append(row("seconds to the first healthy /ping", values, "{:.2f}"))
    differences = " | ".join(f"{figure.difference:.1g}" for figure in figures.values())
    lines.append(f"| largest difference from the booster's prediction, $ | {differences} | |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
