"""`dataset` is the prepared sample, `trained` the directories of a finished training job."""

import pytest

pytest_plugins = ["mlops.testing"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the whole pipeline, which takes longest, so that the other tests run beside it."""
    items.sort(key=lambda item: item.path.name != "test_pipeline.py")
