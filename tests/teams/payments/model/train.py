"""Boosted trees of LightGBM, which splits by categories and missing values itself."""

from __future__ import annotations

import lightgbm
from mlops.container.dataset import columns, read
from mlops.contract import Category, Container

from model.features import FEATURES, TARGET
from model.hyperparameters import HYPERPARAMETERS
from model.predictor import MODEL_FILE

# One thread: with so few rows, several wait for each other longer than they work.
_FIXED = {"verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}
_METRICS = {"multi_logloss": "log_loss", "binary_logloss": "log_loss"}


def train(container: Container) -> None:
    """Train until validation stops getting better. Raises InputError for unusable hyperparameters and data."""
    given = HYPERPARAMETERS.parse(container.configuration("hyperparameters"))
    categories = [each.name for each in FEATURES if isinstance(each, Category) and each.encoding == "position"]
    sets: dict[str, lightgbm.Dataset] = {}
    for name in ("train", "validation"):
        part = read(container.channel(name), FEATURES, TARGET)
        sets[name] = lightgbm.Dataset(
            part.features,
            part.target,
            reference=sets.get("train"),
            feature_name=[column.replace("=", "_") for column in columns(FEATURES)],
            categorical_feature=categories,
            params=_FIXED,
        )
    booster = lightgbm.train(
        given | _objective() | _FIXED,
        sets["train"],
        valid_sets=list(sets.values()),
        valid_names=list(sets),
        callbacks=[_print_metrics],
    )
    best = booster.best_score
    print(f"[{booster.best_iteration}] {' '.join(_metrics(best))}", flush=True)
    booster.save_model(container.model / MODEL_FILE, num_iteration=booster.best_iteration)


def _objective() -> dict[str, object]:
    if len(TARGET.values) == 2:
        return {"objective": "binary"}
    return {"objective": "multiclass", "num_class": len(TARGET.values)}


def _print_metrics(state: lightgbm.callback.CallbackEnv) -> None:
    latest: dict[str, dict[str, float]] = {}
    for part, metric, value, *_ in state.evaluation_result_list or ():
        latest.setdefault(part, {})[metric] = value
    print(f"[{state.iteration + 1}] {' '.join(_metrics(latest))}", flush=True)


def _metrics(values: dict[str, dict[str, float]]) -> list[str]:
    return [f"{part}:{_METRICS[name]}={value:.6f}" for part, named in values.items() for name, value in named.items()]
