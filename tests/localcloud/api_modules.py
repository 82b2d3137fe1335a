"""Modules of api/ as Lambda loads them: anew, in the environment of one function."""

import importlib
import sys
from types import ModuleType

import boto3
import pytest
from harness import Cloud


def load(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, module: str, **environment: str) -> ModuleType:
    """Import a module of api/ with these variables, calling the local cloud."""
    for name, value in {**cloud.environment, **environment}.items():
        monkeypatch.setenv(name, value)
    # It keeps the credentials of the environment that it was made in.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "api"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module(f"api.{module}")
