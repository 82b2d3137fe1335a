"""What the pipeline costs beside the programs that it runs: `python benchmarks/pipeline/overhead.py`.

Generates a repository, runs its train, baseline and evaluate programs bare, one after the other, under the container
contract, and then a whole release of the same code and data in the local cloud. Writes RESULTS.md beside this file.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import boto3
from cookiecutter.main import cookiecutter

HERE = Path(__file__).parent
TEMPLATE = HERE.parents[1]
RUNS = 3
PIPELINE = "taxi-fares"


def main() -> None:
    """Measure and write the results."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as directory:
        repository = Path(cookiecutter(str(TEMPLATE), no_input=True, output_dir=directory))
        mlops(repository, {}, "data", "prepare")
        bare = best([run_bare(repository, Path(directory) / f"bare-{number}") for number in range(RUNS)])
        released = best(release(repository))
    text = table(bare, released)
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


def run_bare(repository: Path, base: Path) -> dict[str, float]:
    """Seconds of each program, run by itself."""
    dataset = repository / ".mlops" / "dataset"
    request = json.loads((repository / "configuration" / "trainingjob.json").read_text())
    for channel in ("train", "validation"):
        shutil.copytree(dataset / channel, base / "input" / "data" / channel)
    settings = base / "input" / "config" / "hyperparameters.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(request.get("HyperParameters", {})))
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base)}
    seconds = {}
    for program in ("train", "baseline", "evaluate"):
        if program == "baseline":
            shutil.copytree(dataset / "baseline", base / "processing" / "input" / "baseline")
        if program == "evaluate":
            inputs = base / "processing" / "input"
            (inputs / "model").mkdir(parents=True)
            shutil.make_archive(str(inputs / "model" / "model"), "gztar", base / "model")
            shutil.copytree(dataset / "test", inputs / "test")
        began = time.perf_counter()
        command = [sys.executable, "-m", "mlops.container", program]
        subprocess.run(command, cwd=repository, env=environment, check=True, stdout=subprocess.DEVNULL)
        seconds[program] = time.perf_counter() - began
    return seconds


def release(repository: Path) -> list[dict[str, float]]:
    """Seconds of each action of the pipeline, in each of several releases through one local cloud."""
    mlops(repository, {}, "local", "up")
    try:
        lines = mlops(repository, {}, "local", "env").splitlines()
        exports = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        mlops(repository, exports, "deploy")
        return [one_release(repository, exports) for _ in range(RUNS)]
    finally:
        mlops(repository, {}, "local", "down")


def one_release(repository: Path, exports: dict[str, str]) -> dict[str, float]:
    mlops(repository, exports, "start")
    mlops(repository, exports, "watch", "--until-approval")
    mlops(repository, exports, "approve")
    mlops(repository, exports, "watch")
    client = boto3.client(
        "codepipeline",
        endpoint_url=exports["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
    )
    [latest, *_] = client.list_pipeline_executions(pipelineName=PIPELINE)["pipelineExecutionSummaries"]
    wanted = {"pipelineExecutionId": latest["pipelineExecutionId"]}
    actions = client.list_action_executions(pipelineName=PIPELINE, filter=wanted)["actionExecutionDetails"]
    return {
        f"{action['stageName']}/{action['actionName']}": between(action["startTime"], action["lastUpdateTime"])
        for action in reversed(actions)
        if action["stageName"] != "Approve"
    }


def between(began: datetime, ended: datetime) -> float:
    return (ended - began).total_seconds()


def best(runs: list[dict[str, float]]) -> dict[str, float]:
    """The shortest of the runs for each step: what other work of the machine adds is left out."""
    return {name: min(run[name] for run in runs) for name in runs[0]}


def mlops(repository: Path, environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "mlops", *words]
    done = subprocess.run(command, cwd=repository, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"mlops {' '.join(words)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def table(bare: dict[str, float], released: dict[str, float]) -> str:
    """The results as Markdown."""
    trained = released["Train/Train"]
    programs = sum(bare.values())
    rows = [
        "# The pipeline's overhead",
        "",
        f"Shortest of {RUNS} runs, on {os.cpu_count()} cores, with the synthetic sample and without tuning.",
        "",
        "| programs run bare | seconds |",
        "|---|---:|",
        *(f"| `python -m mlops.container {name}` | {seconds:.2f} |" for name, seconds in bare.items()),
        f"| all three, one after the other | {programs:.2f} |",
        "",
        "| the pipeline in the local cloud | seconds |",
        "|---|---:|",
        *(f"| {name} | {seconds:.2f} |" for name, seconds in released.items()),
        f"| all, without waiting for the approval | {sum(released.values()):.2f} |",
        "",
        f"The Train stage runs the same three programs, train beside baseline: it takes {trained:.2f} s, "
        f"{trained - programs:+.2f} s against running them bare. Source, Build, Test and Production do what bare "
        "programs do not: lint, the model's tests, the endpoint under load, the production endpoint.",
        "",
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
