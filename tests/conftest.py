"""One repository, generated with default answers, for all tests that only read it."""

from pathlib import Path

import pytest
from baking import bake


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository generated with the default answers."""
    return bake(tmp_path_factory.mktemp("generated"))
