"""Loads an XGBoost booster and predicts, with XGBoost's C library and without its Python package.

`import xgboost` loads numpy and scipy, which takes half a second and 100 MB per worker, and which a prediction does
not need. The library is the one that trained the booster, so predictions are equal to the last bit.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import math
import os
import runpy
import weakref
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from mlops.container.rows import Rows

# The defaults of Booster.predict: all trees, values (not margins or leaves), NaN for missing.
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
    """An error of XGBoost's library, with its message."""


class Booster:
    """A trained model, for prediction only. Not for several threads at once: XGBoost reuses one result buffer."""

    def __init__(self, path: Path) -> None:
        """Load `path` (UBJSON or JSON, by its suffix). Raises BoosterError."""
        self._handle = ctypes.c_void_p()
        _call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(self._handle))
        weakref.finalize(self, _call, "XGBoosterFree", self._handle)
        _call("XGBoosterLoadModel", self._handle, os.fsencode(path))
        # The server has a worker per core; more threads would only wait for each other.
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

    def predict(self, rows: Rows) -> list[float]:
        """The booster's output, row by row. A booster with several classes has several values per row."""
        interface = (
            f'{{"data":[{rows.address},true],"shape":[{rows.count},{rows.columns}],'
            f'"strides":[4,{rows.stride}],"typestr":"<f4","version":3}}'
        )
        _call("XGBoosterPredictFromDense", self._handle, interface.encode(), _PREDICTION, None, *self._out)
        length = rows.count if self._dimension.value == 1 else math.prod(self._shape[: self._dimension.value])
        return self._result[:length]


def _call(name: str, *arguments: Any) -> None:
    if _function(name)(*arguments):
        # A stack trace of C++ follows the first line.
        raise BoosterError(_library().XGBGetLastError().decode(errors="replace").partition("\n")[0])


@cache
def _function(name: str) -> Callable[..., int]:
    return getattr(_library(), name)


@cache
def _library() -> ctypes.CDLL:
    """XGBoost's C library, at the path that XGBoost's `libpath.py` finds."""
    package = importlib.util.find_spec("xgboost")
    if package is None or not package.submodule_search_locations:
        raise ImportError("xgboost is not installed: name it in model/requirements.in, then: make lock && make setup")
    find = runpy.run_path(str(Path(package.submodule_search_locations[0], "libpath.py")))["find_lib_path"]
    library = ctypes.CDLL(find()[0])
    library.XGBGetLastError.restype = ctypes.c_char_p
    return library
