"""Every test can import the helpers of this folder, and the generated repository's `model`, `data` and `api`, and the hooks."""

import functools
import sys
from pathlib import Path

import botocore.session
import pytest
from baking import REPOSITORY, TEMPLATE, bake

sys.path += [str(REPOSITORY), str(TEMPLATE / "hooks")]
pytest_plugins = ["mlops.testing"]

# botocore's sessions of a test process share the models of AWS's services; parsing them for each session is a third of
# the suite's time.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository generated with the default answers, for tests that only read it."""
    return bake(tmp_path_factory.mktemp("generated"))


@pytest.fixture(scope="session")
def hyperparameters() -> dict[str, str]:
    """Of the trained model: quicker to train than the configured ones, and good enough."""
    return {"eta": "0.3", "num_round": "40"}
