"""Every test can import the helpers of this folder, and the generated repository's `model`, `data` and `api`, and the hooks."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from baking import REPOSITORY, TEMPLATE, bake

if TYPE_CHECKING:
    from image_builders import Builder
    from playwright.sync_api import Browser

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for a file that has `browsers.MARKS`."""
    import browsers

    with browsers.chromium() as running:
        yield running


@pytest.fixture(scope="session")
def image_builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """What builds images on this machine; tests that need it are skipped without one."""
    import image_builders

    found = image_builders.find(tmp_path_factory.mktemp("store"))
    if found is None:
        pytest.skip("no builder of images: install Docker, Podman, or (as root) buildah and debootstrap")
    return found
