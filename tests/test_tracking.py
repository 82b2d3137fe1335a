"""Runs on MLflow: what is sent, and a real server where MLFLOW_PYTHON names a Python that has MLflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import mlflow_server
import pytest

from mlops import tracking
from mlops.errors import InputError, PipelineError
from mlops.tracking import Point, Run

SOURCE = Path(__file__).parents[1] / "src"
EXECUTION = "1a2b3c4d-1111-2222-3333-444455556666"
URI = "http://127.0.0.1:5000"


def run(*artifacts: tuple[Path, str], rounds: int = 3, parameters: int = 2) -> Run:
    return Run(
        experiment="taxi--fares",
        execution_id=EXECUTION,
        name="version 3",
        started=1_000,
        ended=9_000,
        succeeded=True,
        parameters={f"p{number}": str(number) for number in range(parameters)},
        points=[Point("validation/rmse", 10.0 - each / 1000, each, 2_000 + each) for each in range(rounds)],
        tags={"mlops.version": "3"},
        artifacts=artifacts,
    )


class Refused(Exception):
    """In place of MLflow's exception."""


class Server:
    """A stand-in for MLflow's client: records what it is asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple, dict]] = []
        self.runs: list[SimpleNamespace] = []
        self.experiment: SimpleNamespace | None = None

    def __getattr__(self, name: str):
        def call(*arguments, **options):
            self.calls.append((name, arguments, options))
            answers = {
                "get_experiment_by_name": lambda: self.experiment,
                "create_experiment": lambda: "7",
                "search_runs": lambda: self.runs,
                "create_run": lambda: SimpleNamespace(info=SimpleNamespace(run_id="r1", status="RUNNING")),
            }
            return answers.get(name, lambda: None)()

        return call

    def called(self, name: str) -> list[tuple[tuple, dict]]:
        return [(arguments, options) for called, arguments, options in self.calls if called == name]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """MLflow's client, as far as it is used, with a server that has no experiment."""
    server = Server()
    modules = {name: ModuleType(name) for name in ("mlflow", "mlflow.entities", "mlflow.exceptions")}
    modules["mlflow"].MlflowClient = lambda tracking_uri: server  # type: ignore[attr-defined]
    modules["mlflow.entities"].Metric = lambda *values: values  # type: ignore[attr-defined]
    modules["mlflow.entities"].Param = lambda *values: values  # type: ignore[attr-defined]
    modules["mlflow.exceptions"].MlflowException = Refused  # type: ignore[attr-defined]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return server


def test_a_run_has_parameters_metrics_of_each_round_artifacts_and_an_end(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "evaluation.json"
    assert tracking.write(URI, run((file, "evaluation"))) == "r1"
    ((experiment, started, tags), _), *_ = server.called("create_run")
    assert (experiment, started) == ("7", 1_000)
    assert tags == {"mlops.version": "3", "mlops.execution": EXECUTION, "mlflow.runName": "version 3"}
    logged = [options for _, options in server.called("log_batch")]
    assert logged[0] == {"params": [("p0", "0"), ("p1", "1")]}
    assert logged[1] == {
        "metrics": [
            ("validation/rmse", 10.0, 2_000, 0),
            ("validation/rmse", 9.999, 2_001, 1),
            ("validation/rmse", 9.998, 2_002, 2),
        ]
    }
    assert server.called("log_artifact") == [(("r1", str(file), "evaluation"), {})]
    assert server.called("set_terminated") == [(("r1", "FINISHED", 9_000), {})]


def test_a_request_has_at_most_as_many_values_as_mlflow_takes(server: Server) -> None:
    tracking.write(URI, run(rounds=2_500, parameters=101))
    sizes = [len(each) for _, options in server.called("log_batch") for each in options.values()]
    assert sizes == [100, 1, 1000, 1000, 500]


def test_an_execution_is_one_run_however_often_it_is_tracked(server: Server) -> None:
    server.experiment = SimpleNamespace(experiment_id="7")
    server.runs = [SimpleNamespace(info=SimpleNamespace(run_id="r0", status="FINISHED"))]
    assert tracking.write(URI, run()) == "r0"
    ((experiments, condition), _), *_ = server.called("search_runs")
    assert (experiments, condition) == (["7"], f"tags.`mlops.execution` = '{EXECUTION}'")
    assert not server.called("create_run") and not server.called("log_batch")


def test_a_run_that_was_interrupted_is_continued(server: Server) -> None:
    server.runs = [SimpleNamespace(info=SimpleNamespace(run_id="r0", status="RUNNING"))]
    assert tracking.write(URI, run()) == "r0"
    assert not server.called("create_run")
    assert server.called("set_terminated") == [(("r0", "FINISHED", 9_000), {})]


def test_a_server_that_refuses_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise Refused("no such workspace")

    monkeypatch.setattr(server, "get_experiment_by_name", refuse, raising=False)
    with pytest.raises(PipelineError, match=f"{URI} has refused the run: no such workspace"):
        tracking.write(URI, run())


def test_a_missing_client_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match="pip install mlflow-skinny sagemaker-mlflow"):
        tracking.write(URI, run())


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[str]:
    """The address of a real server."""
    with mlflow_server.running(tmp_path) as uri:
        yield uri


PROGRAM = """
import json, sys
from pathlib import Path
from mlops.tracking import Point, Run, write
given = json.loads(sys.argv[2])
given["points"] = [Point(*each) for each in given["points"]]
given["artifacts"] = [(Path(file), folder) for file, folder in given["artifacts"]]
print(write(sys.argv[1], Run(**given)))
"""


@pytest.mark.acceptance
def test_a_real_server_has_the_run_once_with_its_rounds_and_artifacts(mlflow: str, tmp_path: Path) -> None:
    file = tmp_path / "evaluation.json"
    file.write_text('{"rows": 10}')
    sent = run((file, "evaluation"), rounds=1_200)
    given = {
        **vars(sent),
        "points": [list(vars(each).values()) for each in sent.points],
        "artifacts": [[str(path), folder] for path, folder in sent.artifacts],
    }
    command = [mlflow_server.python(), "-c", PROGRAM, mlflow, json.dumps(given)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    first, second = (
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()[-1]
        for _ in range(2)
    )
    assert first == second
    found = mlflow_server.ask(mlflow, f"/api/2.0/mlflow/runs/get?run_id={first}")["run"]
    assert found["info"]["status"] == "FINISHED"
    assert {each["key"]: each["value"] for each in found["data"]["params"]} == {"p0": "0", "p1": "1"}
    tags = {each["key"]: each["value"] for each in found["data"]["tags"]}
    assert (tags["mlops.execution"], tags["mlflow.runName"]) == (EXECUTION, "version 3")
    path = f"/api/2.0/mlflow/metrics/get-history?run_id={first}&metric_key=validation/rmse"
    history = mlflow_server.ask(mlflow, path)["metrics"]
    assert [each["step"] for each in history] == list(range(1_200))
    listed = mlflow_server.ask(mlflow, f"/api/2.0/mlflow/artifacts/list?run_id={first}&path=evaluation")["files"]
    assert [each["path"] for each in listed] == ["evaluation/evaluation.json"]
