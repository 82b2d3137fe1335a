"""Writes the report of an execution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlops import places
from mlops import report as reports
from mlops.aws.executions import Execution
from mlops.release import naming
from mlops.release.costing import cost_of_release
from mlops.release.events import Events, ReportWritten, step
from mlops.release.repository import Repository


def write_report(
    repository: Repository,
    execution: str | None = None,
    output: Path | None = None,
    baseline: dict[str, Any] | None = None,
) -> Events[Path]:
    """Write the report of an execution, by default of the latest one, to `output` or below .mlops/reports.

    `baseline` is the document of another release (`read_baseline`), whose metrics are shown in comparison. Returns the
    HTML page. InputError where `output` cannot be written.
    """
    execution_id = naming.execution_id(repository, execution)
    directory = _directory(repository, execution_id, output)

    def write() -> dict[str, Path]:
        cost = cost_of_release(repository, execution_id)
        return reports.write(repository.session, repository.project, execution_id, directory, baseline, cost)

    files = yield from step("Writing the report", write)
    yield ReportWritten(files)
    return files["html"].resolve()


def write_last_seen(repository: Repository, execution: Execution, sentence: str) -> Events[Path]:
    """Write a report of the last known state of an execution whose local cloud has ended. Returns the HTML page."""
    directory = _directory(repository, execution.id, None)
    account = repository.session.account
    files = reports.write_last_seen(repository.project, account, execution, sentence, directory)
    yield ReportWritten(files)
    return files["html"].resolve()


def _directory(repository: Repository, execution_id: str, output: Path | None) -> Path:
    directory = output or repository.reports / execution_id[:8]
    places.require_folder(directory)
    return directory
