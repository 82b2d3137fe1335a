"""Trains a booster: `python -m mlops.container train` calls `train` in the training job."""

from __future__ import annotations

import os
from typing import Any

import xgboost
from mlops.container.checkpoints import Checkpoints, Interruption, interruption
from mlops.container.dataset import DataSet, columns, read
from mlops.contract import Container, InputError
from xgboost.callback import EarlyStopping, TrainingCallback

from model.features import FEATURES, TARGET
from model.hyperparameters import HYPERPARAMETERS, OURS
from model.predictor import MODEL_FILE

# With fewer rows per thread, threads would wait for each other longer than they compute.
_ROWS_PER_THREAD = 20_000


def train(container: Container) -> None:
    """Train until the rounds are done, validation stops getting better, or SIGTERM comes; leave the best round's model.

    Raises InputError when hyperparameters, channels or checkpoints cannot be used.
    """
    hyperparameters = HYPERPARAMETERS.parse(container.configuration("hyperparameters"))
    sets = {name: read(container.channel(name), FEATURES, TARGET) for name in ("train", "validation")}
    checkpoints = Checkpoints(
        container.checkpoints, hyperparameters, (values for part in sets.values() for values in part)
    )
    threads = min(os.cpu_count() or 1, len(sets["train"].target) // _ROWS_PER_THREAD + 1)
    matrices = _matrices(sets, hyperparameters["max_bin"], threads)
    evaluated = [(matrix, name) for name, matrix in matrices.items()]
    start = _restore(checkpoints)
    done = start.num_boosted_rounds() if start else 0
    parameters = {name: value for name, value in hyperparameters.items() if name not in OURS}
    parameters |= {"tree_method": "hist", "eval_metric": ["rmse", "mae"], "nthread": threads}
    # With the same seed, the rounds after an interruption would draw the rows and columns of the first rounds again.
    parameters["seed"] += done
    with interruption() as sigterm:
        booster = xgboost.train(
            parameters,
            matrices["train"],
            hyperparameters["num_round"] - done,
            evals=evaluated,
            verbose_eval=False,
            xgb_model=start,
            callbacks=[
                Metrics(done),
                _early_stopping(hyperparameters, start),
                Checkpointing(checkpoints, hyperparameters["checkpoint_rounds"], sigterm),
            ],
        )
    # Printed once more, because SageMaker records the last value of a metric as the model's.
    print(f"[{booster.best_iteration}] is the best round: {_line(_evaluation(booster, evaluated))}", flush=True)
    booster.save_model(container.model / MODEL_FILE)


class Metrics(TrainingCallback):
    """Prints a line such as `[0] train:rmse=9.1 … validation:rmse=9.3 …`, which MetricDefinitions look for."""

    def __init__(self, done: int) -> None:
        self._done = done

    def after_iteration(self, model: xgboost.Booster, epoch: int, evals_log: dict[str, dict[str, list[float]]]) -> bool:
        latest = {f"{data}:{name}": log[-1] for data, logs in evals_log.items() for name, log in logs.items()}
        print(f"[{self._done + epoch}] {_line(latest)}", flush=True)
        return False


class Checkpointing(TrainingCallback):
    """Saves the booster at regular rounds, and after SIGTERM, which also ends the training.

    XGBoost's TrainingCheckPoint keeps every checkpoint and writes them in place, where SageMaker may copy half of one.
    """

    def __init__(self, checkpoints: Checkpoints, interval: int, sigterm: Interruption) -> None:
        self._checkpoints, self._interval, self._sigterm = checkpoints, interval, sigterm

    def after_iteration(self, model: xgboost.Booster, epoch: int, evals_log: dict[str, Any]) -> bool:
        rounds, stop = model.num_boosted_rounds(), self._sigterm.requested
        if stop or rounds % self._interval == 0:
            self._checkpoints.save(rounds, model.save_model, suffix=".ubj")
        if stop:
            print(f"stopped by SIGTERM after {rounds} rounds", flush=True)
        return stop


def _matrices(sets: dict[str, DataSet], max_bin: int, threads: int) -> dict[str, xgboost.DMatrix]:
    matrices: dict[str, xgboost.DMatrix] = {}
    for name, part in sets.items():
        matrices[name] = xgboost.QuantileDMatrix(
            part.features,
            part.target,
            feature_names=columns(FEATURES),
            max_bin=max_bin,
            nthread=threads,
            ref=matrices.get("train"),
        )
    return matrices


def _restore(checkpoints: Checkpoints) -> xgboost.Booster | None:
    path = checkpoints.newest()
    try:
        return xgboost.Booster(model_file=path) if path else None
    except xgboost.core.XGBoostError:
        raise InputError(f"{path}: not a checkpoint that XGBoost can read; delete it to start anew") from None


def _early_stopping(hyperparameters: dict[str, Any], start: xgboost.Booster | None) -> EarlyStopping:
    """Early stopping on validation that knows the best round of the checkpoint, of which it keeps up to the best."""
    metric = hyperparameters["eval_metric"]
    stopping = EarlyStopping(
        rounds=hyperparameters["early_stopping_rounds"], metric_name=metric, data_name="validation", save_best=True
    )
    if start:
        stopping.stopping_history = {"validation": {metric: [start.best_score]}}
        stopping.best_scores = {"validation": {metric: [start.best_score]}}
        stopping.current_rounds = start.num_boosted_rounds() - 1 - start.best_iteration
    return stopping


def _evaluation(booster: xgboost.Booster, evaluated: list[tuple[xgboost.DMatrix, str]]) -> dict[str, float]:
    """Metrics by names such as `validation:rmse`, of XGBoost's `[0]\\ttrain-rmse:9.1\\tvalidation-rmse:9.3`."""
    pairs = (item.rpartition(":") for item in booster.eval_set(evaluated).split("\t")[1:])
    return {name.replace("-", ":", 1): float(value) for name, _, value in pairs}


def _line(metrics: dict[str, float]) -> str:
    return " ".join(f"{name}={value:.6f}" for name, value in metrics.items())
