"""XGBoost's own library without XGBoost's Python package: load a booster, predict.

`import xgboost` brings numpy and scipy, half a second and 100 MB per worker, none of which a prediction needs. The
booster is read and evaluated by the very library that trained it, so its answers are the booster's to the last bit.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import math
import os
import runpy
import weakref
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

# All trees, the value itself (not margins or leaves), NaN for missing: what Booster.predict does by default.
_PREDICTION = json.dumps(
    {
        "type": 0,
        "training": False,
        "iteration_begin": 0,
        "iteration_end": 0,
        "strict_shape": False,
        "missing": math.nan,
    }
).encode()


class BoosterError(RuntimeError):
    """What XGBoost's library complained about, in its own words."""


class Booster:
    """A trained model, for prediction only. Not for several threads at once: XGBoost lends out one result buffer."""

    def __init__(self, path: Path) -> None:
        """Load `path` (UBJSON or JSON, by its suffix). Raises BoosterError."""
        self._handle = ctypes.c_void_p()
        _call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(self._handle))
        weakref.finalize(self, _call, "XGBoosterFree", self._handle)
        _call("XGBoosterLoadModel", self._handle, os.fsencode(path))
        # One worker per core is what uses the cores here; more threads would only wait for each other.
        _call("XGBoosterSetParam", self._handle, b"nthread", b"1")
        self._shape, self._dimension = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        self._result = ctypes.POINTER(ctypes.c_float)()
        self._out = ctypes.byref(self._shape), ctypes.byref(self._dimension), ctypes.byref(self._result)

    @property
    def columns(self) -> int:
        """The number of columns of the matrix that the booster was trained with."""
        number = ctypes.c_uint64()
        _call("XGBoosterGetNumFeature", self._handle, ctypes.byref(number))
        return number.value

    def predict(self, matrix: array[float], rows: int, start: int = 0, stop: int | None = None) -> list[float]:
        """Predict rows `start` to `stop` of a column-major float32 matrix with `rows` rows; NaN is missing."""
        stop = rows if stop is None else min(stop, rows)
        address, _ = matrix.buffer_info()
        interface = (
            f'{{"data":[{address + 4 * start},true],"shape":[{stop - start},{len(matrix) // rows}],'
            f'"strides":[4,{4 * rows}],"typestr":"<f4","version":3}}'
        )
        _call("XGBoosterPredictFromDense", self._handle, interface.encode(), _PREDICTION, None, *self._out)
        return self._result[: stop - start]


def _call(name: str, *arguments: Any) -> None:
    if _function(name)(*arguments):
        # A stack trace of C++ follows the first line.
        raise BoosterError(_library().XGBGetLastError().decode(errors="replace").partition("\n")[0])


@cache
def _function(name: str) -> Callable[..., int]:
    return getattr(_library(), name)


@cache
def _library() -> ctypes.CDLL:
    """Where it lies is XGBoost's own knowledge: its `libpath.py`, run by itself."""
    package = importlib.util.find_spec("xgboost")
    if package is None or not package.submodule_search_locations:
        raise ImportError("xgboost is not installed: name it in model/requirements.in, then: make lock")
    find = runpy.run_path(str(Path(package.submodule_search_locations[0], "libpath.py")))["find_lib_path"]
    library = ctypes.CDLL(find()[0])
    library.XGBGetLastError.restype = ctypes.c_char_p
    return library
