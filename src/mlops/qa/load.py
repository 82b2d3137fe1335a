"""The load test: locust without its web page, as a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops.configuration import Qa
from mlops.errors import PipelineError

_LOCUSTFILE = "load/locustfile.py"
# Requests in flight at the end may complete within SageMaker's timeout for a container.
_STOP_SECONDS = 60
_GRACE_SECONDS = 60 + _STOP_SECONDS
_LOG_LINES = 5


def run(
    root: Path,
    output: Path,
    endpoint: str,
    region: str,
    rows: Sequence[str],
    settings: Qa,
    grace_seconds: float = _GRACE_SECONDS,
) -> dict[str, Any]:
    """Run the load test of `settings` against `endpoint`, with the locustfile of the repository at `root`.

    `rows` are lines of CSV without header and target. Writes locust.html, locust.log and locust_*.csv to `output`.
    Returns the `load` of qa.json. Raises PipelineError when locust fails, or needs more than `grace_seconds` to start
    and to stop.
    """
    rows_file, record = output / "rows.csv", output / "load.json"
    rows_file.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    command = _command(output, endpoint, rows_file, record, settings)
    log = output / "locust.log"
    # Drop inherited LOCUST_* variables: the options of the load test are in configuration/qa.yml.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    environment |= {"AWS_DEFAULT_REGION": region}
    with log.open("wb") as stream:
        # In this build's process group, so that it ends with the build.
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=stream, stderr=stream)
        try:
            code = process.wait(settings.duration_seconds + grace_seconds)
        except subprocess.TimeoutExpired:
            raise PipelineError(f"The load test did not end in time. {_last_lines(log)}") from None
        finally:
            process.kill()
            process.wait()
    if code != 0 or not record.is_file():
        raise PipelineError(f"The load test ended with exit code {code}. {_last_lines(log)}")
    summary = json.loads(record.read_text(encoding="utf-8"))
    rows_file.unlink()
    record.unlink()
    return {"users": settings.users, "rows_per_request": settings.rows_per_request, **summary}


def _command(output: Path, endpoint: str, rows: Path, record: Path, settings: Qa) -> list[str]:
    options = {
        "--locustfile": _LOCUSTFILE,
        "--users": settings.users,
        "--spawn-rate": settings.spawn_rate,
        "--run-time": f"{settings.duration_seconds}s",
        "--stop-timeout": _STOP_SECONDS,
        # `verdict` judges failed requests: the exit code is for failures of locust itself.
        "--exit-code-on-error": 0,
        "--html": output / "locust.html",
        "--csv": output / "locust",
        "--endpoint": endpoint,
        "--rows": rows,
        "--rows-per-request": settings.rows_per_request,
        "--wait-milliseconds": settings.wait_milliseconds,
        "--record": record,
    }
    flags = ["--headless", "--only-summary", "--reset-stats", "--csv-full-history"]
    named = [str(part) for option in options.items() for part in option]
    return [sys.executable, "-m", "locust", *flags, *named]


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    return " | ".join(line.strip() for line in lines if line.strip())
