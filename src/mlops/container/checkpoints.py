"""Checkpoints of a training: what SageMaker copies to S3 while a job runs, and back when it starts again.

They lie in a folder named after the hyperparameters and the data. So a retry goes on where it was interrupted, and
trials of a tuning job that share one place in S3 never take each other's trees for their own.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from mlops.errors import InputError

_SUFFIX = ".ubj"


class Checkpoints:
    """The checkpoints of one training; only the newest is kept."""

    def __init__(self, directory: Path, hyperparameters: Mapping[str, Any], data: Iterable[np.ndarray]) -> None:
        digest = hashlib.sha256(json.dumps(hyperparameters, sort_keys=True).encode())
        for matrix in data:
            digest.update(np.ascontiguousarray(matrix))
        self._directory = directory / digest.hexdigest()[:16]

    def newest(self) -> Path | None:
        """The checkpoint to go on from, if there is one."""
        found = self._directory.glob(f"round-*{_SUFFIX}")
        return max(found, key=lambda path: path.name, default=None)

    def restore(self, booster: xgboost.Booster) -> None:
        """Load the newest checkpoint, if there is one. Raises InputError when it cannot be read."""
        path = self.newest()
        if path is None:
            return
        try:
            booster.load_model(path)
        except xgboost.core.XGBoostError:
            raise InputError(f"{path}: not a checkpoint that XGBoost can read; delete it to start anew") from None

    def save(self, booster: xgboost.Booster) -> None:
        """Save the booster under its number of rounds. A reader sees the whole file or none."""
        path = self._directory / f"round-{booster.num_boosted_rounds():06}{_SUFFIX}"
        self._directory.mkdir(parents=True, exist_ok=True)
        before = self.newest()
        unfinished = path.with_name(f"unfinished{_SUFFIX}")
        booster.save_model(unfinished)
        os.replace(unfinished, path)
        if before is not None and before != path:
            before.unlink()
