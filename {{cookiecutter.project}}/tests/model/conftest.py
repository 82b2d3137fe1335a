from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def hyperparameters() -> dict[str, str]:
    """Of the trained model: quicker to train than the configured ones, and good enough."""
    return {"eta": "0.3", "num_round": "40"}
