"""Train the model under SageMaker's container contract: `python -m mlops.container train`.

Reads the channels train and validation, prints a line of metrics per round (for MetricDefinitions), keeps checkpoints
and goes on from the last one, and leaves model.ubj with features.json. SIGTERM (a stopped job, a spot interruption,
the end of MaxRuntimeInSeconds) ends it after the running round, with a checkpoint and a model.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import xgboost
from mlops.container import dataset
from mlops.container.checkpoints import Checkpoints
from mlops.container.schema import save_schema
from mlops.contract import Container, InputError

from model.features import FEATURES, TARGET
from model.hyperparameters import MOST_INSTANCES, OURS, parse_hyperparameters
from model.predictor import MODEL_FILE

# With fewer rows than this, a thread waits for the others longer than it works.
_ROWS_PER_THREAD = 20_000


def train(container: Container) -> None:
    """Train and leave the model. Raises InputError when hyperparameters, channels or checkpoints cannot be used."""
    hyperparameters = parse_hyperparameters(container.configuration("hyperparameters"))
    hosts = container.configuration("resourceconfig").get("hosts", ["algo-1"])
    if len(hosts) > MOST_INSTANCES:
        raise InputError(
            f"resourceconfig: found {len(hosts)} hosts, allowed is {MOST_INSTANCES}; set InstanceCount in configuration/trainingjob.json"
        )
    sets = {name: dataset.read(container.channel(name), (TARGET, *FEATURES)) for name in ("train", "validation")}
    booster = _boost(sets, hyperparameters, Checkpoints(container.checkpoints, hyperparameters, sets.values()))
    best = int(booster.attr("best_round"))
    # Once more, for the platform takes a metric's last value for the model's.
    print(f"[{best}] is the best round: {booster.attr('best_metrics')}", flush=True)
    container.model.mkdir(parents=True, exist_ok=True)
    # Only the rounds up to the best one: whoever loads the file gets its predictions without knowing of them.
    booster[: best + 1].save_model(container.model / MODEL_FILE)
    save_schema(container.model, FEATURES, TARGET)


def _boost(sets: dict[str, np.ndarray], hyperparameters: dict[str, Any], checkpoints: Checkpoints) -> xgboost.Booster:
    """Boost until the rounds are done, validation stops getting better, or SIGTERM comes.

    The state of early stopping lies in the booster's attributes, and so in its checkpoints.
    """
    threads = min(os.cpu_count() or 1, sets["train"].shape[1] // _ROWS_PER_THREAD + 1)
    matrices = _matrices(sets, hyperparameters["max_bin"], threads)
    parameters = {name: value for name, value in hyperparameters.items() if name not in OURS}
    parameters |= {"tree_method": "hist", "eval_metric": ["rmse", "mae"], "nthread": threads}
    # Otherwise the rounds after an interruption would draw the very rows and columns of the first rounds again.
    parameters["seed_per_iteration"] = True
    booster = xgboost.Booster(parameters, [matrix for matrix, _ in matrices])
    checkpoints.restore(booster)
    with _sigterm() as received:
        for number in range(booster.num_boosted_rounds(), hyperparameters["num_round"]):
            if number - int(booster.attr("best_round") or number) > hyperparameters["early_stopping_rounds"]:
                break
            booster.update(matrices[0][0], number)
            _report(booster, number, booster.eval_set(matrices, number), hyperparameters["eval_metric"])
            if received or (number + 1) % hyperparameters["checkpoint_rounds"] == 0:
                checkpoints.save(booster)
            if received:
                print(f"stopped by SIGTERM after round {number}", flush=True)
                break
    return booster


def _matrices(sets: dict[str, np.ndarray], max_bin: int, threads: int) -> list[tuple[xgboost.DMatrix, str]]:
    reference = None
    matrices = []
    for name, values in sets.items():
        reference = matrix = xgboost.QuantileDMatrix(
            values[1:].T,
            values[0],
            feature_names=[column for feature in FEATURES for column in feature.columns],
            max_bin=max_bin,
            nthread=threads,
            ref=reference,
        )
        matrices.append((matrix, name))
    return matrices


def _report(booster: xgboost.Booster, number: int, evaluation: str, metric: str) -> None:
    """Print XGBoost's evaluation (`[0]\\ttrain-rmse:1.5\\t…`) as `train:rmse=1.5 …`, and note the best round by `metric`."""
    values = {}
    for item in evaluation.split("\t")[1:]:
        name, _, value = item.rpartition(":")
        values[name.replace("-", ":", 1)] = float(value)
    metrics = " ".join(f"{name}={value:.6f}" for name, value in values.items())
    print(f"[{number}] {metrics}", flush=True)
    score = values[f"validation:{metric}"]
    if score < float(booster.attr("best_score") or "inf"):
        booster.set_attr(best_score=repr(score), best_round=str(number), best_metrics=metrics)


@contextmanager
def _sigterm() -> Iterator[list[int]]:
    """A list that is empty until SIGTERM comes."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)
