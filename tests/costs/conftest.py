import os
from collections.abc import Callable
from pathlib import Path

import pytest
from baking import REPOSITORY
from estimates import Costed


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Without credentials an estimate calls nothing."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def costed(tmp_path: Path) -> Callable[..., Costed]:
    return lambda region, source=REPOSITORY: Costed(tmp_path / "repository", region, source)
