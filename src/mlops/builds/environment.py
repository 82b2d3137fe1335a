"""The environment variables that infra/ gives to a build."""

from __future__ import annotations

import os

from mlops.errors import InputError


def required(name: str) -> str:
    """Return the variable's value. Raises InputError when it is not set or empty."""
    value = os.environ.get(name)
    if not value:
        raise InputError(f"The environment variable {name} is not set. infra/ gives it to this build.")
    return value
