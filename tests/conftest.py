"""Every test can import the helpers of this folder, and the generated repository's `model`, `data` and `api`."""

import sys
from pathlib import Path

import pytest
from baking import REPOSITORY

sys.path.append(str(REPOSITORY))
pytest_plugins = ["mlops.testing"]


@pytest.fixture(scope="session")
def generated() -> Path:
    """A repository generated with the default answers, for tests that only read it."""
    return REPOSITORY
