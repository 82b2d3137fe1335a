"""Requests of checks: api/ and the package, which do not import each other, mark them in the same way."""

from collections.abc import Callable
from types import ModuleType

from mlops import names
from mlops.aws.api import SYNTHETIC_HEADER


def test_the_api_and_the_package_agree_on_the_marks_of_synthetic_requests(load: Callable[..., ModuleType]) -> None:
    endpoint = load("endpoint")
    assert (endpoint.SYNTHETIC_HEADER, endpoint.SYNTHETIC_ID) == (SYNTHETIC_HEADER, names.SYNTHETIC_ID)
