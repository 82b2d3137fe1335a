"""The fixtures of the generated repository's tests of its API, for requests that no build needs to repeat."""

import sys

from baking import REPOSITORY

sys.path.append(str(REPOSITORY / "tests" / "api"))

from fixtures import call, endpoint_url, load

__all__ = ["call", "endpoint_url", "load"]
