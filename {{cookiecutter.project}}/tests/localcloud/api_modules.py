"""Modules of api/ as Lambda loads them: anew, in the environment of one function."""

import importlib
import sys
from types import ModuleType

import pytest
from harness import Cloud


def load(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, module: str, **environment: str) -> ModuleType:
    """Import a module of api/ with these variables, calling the local cloud."""
    calling = {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in {**calling, **environment}.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in sys.modules if name.partition(".")[0] == "api"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module(f"api.{module}")
