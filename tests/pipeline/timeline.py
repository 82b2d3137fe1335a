"""What happened to a model in production, read from AWS's records, as lines in the order of time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop import Workshop


@dataclass(frozen=True, order=True)
class Moment:
    time: datetime
    what: str


@dataclass(frozen=True)
class Run:
    """A run of monitoring that compared records: metrics.json of its job, and the job's name."""

    ended: datetime
    job: str
    endpoint: str
    metrics: dict[str, Any]


class Records:
    """What the project's stacks and services have recorded."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._project = workshop.project["project"]
        self._read: dict[str, Run] = {}

    def runs(self) -> list[Run]:
        """Runs of monitoring that have compared records, the first one first."""
        for execution, output in self.outputs("monitoring"):
            for job in output["Jobs"]:
                if job not in self._read:
                    metrics = json.loads(self._object(f"monitoring/runs/{job}/metrics.json"))
                    [folder, *_] = json.loads(self._object(f"monitoring/runs/{job}/manifest.json"))
                    endpoint = folder["prefix"].split("/capture/")[1].split("/")[0]
                    self._read[job] = Run(execution["stopDate"], job, endpoint, metrics)
        return sorted(self._read.values(), key=lambda run: run.ended)

    def outputs(self, machine: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Executions of a state machine that have succeeded, each with its output."""
        client = self._workshop.client("stepfunctions")
        arn = f"arn:aws:states:us-east-1:000000000000:stateMachine:{self._project}-{machine}"
        listed = client.get_paginator("list_executions").paginate(stateMachineArn=arn)
        ended = [each for page in listed for each in page["executions"] if each["status"] == "SUCCEEDED"]
        return [
            (each, json.loads(client.describe_execution(executionArn=each["executionArn"])["output"])) for each in ended
        ]

    def refusals(self) -> list[str]:
        """Why retrainings were not started."""
        return [output["Refusal"] for _, output in self.outputs("retraining") if not output["Started"]]

    def alarm(self) -> str:
        """The state of the drift alarm."""
        found = self._workshop.client("cloudwatch").describe_alarms(AlarmNames=[f"{self._project}-monitoring-drift"])
        return found["MetricAlarms"][0]["StateValue"]

    def executions(self) -> list[dict[str, Any]]:
        """Executions of the pipeline, the first one first, each with its variables by name."""
        client = self._workshop.client("codepipeline")
        listed = client.list_pipeline_executions(pipelineName=self._project)["pipelineExecutionSummaries"]
        return [self._execution(each) for each in reversed(listed)]

    def timeline(self) -> list[Moment]:
        """All that has happened, the first first."""
        return sorted([*self._releases(), *self._data(), *self._monitoring(), *self._alarms(), *self._retrainings()])

    def _execution(self, summary: dict[str, Any]) -> dict[str, Any]:
        execution = self._workshop.client("codepipeline").get_pipeline_execution(
            pipelineName=self._project, pipelineExecutionId=summary["pipelineExecutionId"]
        )["pipelineExecution"]
        return summary | {"variables": {each["name"]: each["resolvedValue"] for each in execution.get("variables", [])}}

    def _releases(self) -> Iterator[Moment]:
        for execution in self.executions():
            variables, name = execution["variables"], execution["pipelineExecutionId"][:8]
            yield Moment(
                execution["startTime"],
                f"release {name} starts, by {variables.get('Trigger')}: {variables.get('Reason')}",
            )
        for entry in json.loads(self._workshop.succeed("history", "--all", "--json").stdout)["entries"]:
            version, period = entry["version"], entry["period"]
            if period:
                since = datetime.fromisoformat(period["since"])
                comment = version["approval"]["comment"]
                yield Moment(since, f"version {version['version']} is in production, approved: {comment}")

    def _data(self) -> Iterator[Moment]:
        bucket = f"{self._project}-000000000000-us-east-1"
        listed = self._workshop.client("s3").list_object_versions(Bucket=bucket, Prefix="data/data.zip")
        for each in listed["Versions"]:
            yield Moment(each["LastModified"], f"data are uploaded: version {each['VersionId'][:8]}")

    def _monitoring(self) -> Iterator[Moment]:
        for run in self.runs():
            drifted = ", ".join(run.metrics["drifted"]) or "none"
            words = f"{run.metrics['rows']} rows of {run.endpoint.rpartition('-')[2]} are compared; drifted: {drifted}"
            yield Moment(run.ended, f"monitoring: {words}")

    def _alarms(self) -> Iterator[Moment]:
        history = self._workshop.client("cloudwatch").describe_alarm_history(
            AlarmName=f"{self._project}-monitoring-drift", HistoryItemType="StateUpdate"
        )
        for item in history["AlarmHistoryItems"]:
            # The first is of the alarm's creation.
            if not item["HistorySummary"].endswith("INSUFFICIENT_DATA"):
                yield Moment(item["Timestamp"], f"drift alarm: {item['HistorySummary'].rpartition(' to ')[2]}")

    def _retrainings(self) -> Iterator[Moment]:
        for execution, output in self.outputs("retraining"):
            outcome = f"started {output['Execution'][:8]}" if output["Started"] else f"refused, {output['Refusal']}"
            yield Moment(execution["stopDate"], f"retraining: {outcome}")

    def _object(self, key: str) -> str:
        bucket = f"{self._project}-000000000000-us-east-1"
        return self._workshop.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def written(moments: list[Moment]) -> str:
    """One line a moment, with the seconds since the first."""
    first = moments[0].time
    return "".join(f"{(each.time - first).total_seconds():7.0f} s  {each.what}\n" for each in moments)
