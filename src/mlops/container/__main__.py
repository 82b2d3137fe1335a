"""The entry point of the container: `train` and `serve` are SageMaker's, the other programs are those of processing jobs."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module

from mlops.container.directories import Container
from mlops.errors import InputError

# Imported when called, because serving does not need the modules of training.
_PROGRAMS = {
    "train": "mlops.container.programs.training:train",
    "serve": "mlops.container.serving:serve",
    "evaluate": "mlops.container.programs.evaluate:evaluate",
    "baseline": "mlops.container.programs.baseline:baseline",
    "monitor": "mlops.container.programs.monitor:monitor",
    "quality": "mlops.container.programs.quality:quality",
}


def main(arguments: list[str]) -> int:
    """Run one program. Returns the exit code; the reason for a failure is on stderr and in output/failure."""
    if len(arguments) != 1 or arguments[0] not in _PROGRAMS:
        print(
            f"found {' '.join(arguments) or 'nothing'}; allowed: python -m mlops.container {'|'.join(_PROGRAMS)}",
            file=sys.stderr,
        )
        return 2
    container = Container()
    module, _, function = _PROGRAMS[arguments[0]].partition(":")
    try:
        getattr(import_module(module), function)(container)
    except InputError as error:
        return _failed(container, str(error))
    except Exception as error:
        traceback.print_exc()
        return _failed(container, f"{type(error).__name__}: {error}")
    return 0


def _failed(container: Container, reason: str) -> int:
    print(reason, file=sys.stderr, flush=True)
    container.fail(reason)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
