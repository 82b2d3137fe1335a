"""Toolkit to continue an interrupted training: checkpoints that SageMaker keeps in S3, and notice of SIGTERM."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


class Checkpoints:
    """The checkpoints of one training; only the newest is kept.

    They are in a folder named after the hyperparameters and the data: trials of a tuning job that share a folder in S3
    never continue each other's training.
    """

    def __init__(self, directory: Path, hyperparameters: Mapping[str, Any], data: Iterable[np.ndarray]) -> None:
        digest = hashlib.sha256(json.dumps(hyperparameters, sort_keys=True).encode())
        for values in data:
            digest.update(np.ascontiguousarray(values.T).data)
        self._directory = directory / digest.hexdigest()[:16]

    def newest(self) -> Path | None:
        """The checkpoint to continue from; None when there is none yet."""
        return max(self._directory.glob("round-*"), key=lambda path: path.name, default=None)

    def save(self, rounds: int, write: Callable[[Path], object], suffix: str = "") -> None:
        """Save the checkpoint after this number of rounds: `write` writes a file, which is renamed once complete."""
        path = self._directory / f"round-{rounds:06}{suffix}"
        self._directory.mkdir(parents=True, exist_ok=True)
        before = self.newest()
        unfinished = path.with_name(f"unfinished{suffix}")
        write(unfinished)
        os.replace(unfinished, path)
        if before is not None and before != path:
            before.unlink()


class Interruption:
    """Whether SIGTERM was received: a stopped job, a spot interruption, the end of MaxRuntimeInSeconds."""

    requested = False


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Record SIGTERM as a request to stop, so that training ends after its current round and not at once."""
    state = Interruption()

    def request(*_: object) -> None:
        state.requested = True

    before = signal.signal(signal.SIGTERM, request)
    try:
        yield state
    finally:
        signal.signal(signal.SIGTERM, before)
