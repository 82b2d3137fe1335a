"""What a client of the endpoint does in the load test: it sends rows of the test set, one after the other.

How many clients there are, for how long, and how fast the answers must be stands in configuration/qa.yml.
By hand: locust -f load/locustfile.py --endpoint NAME --rows rows.csv
"""

from __future__ import annotations

from locust import task
from mlops.qa.generator.user import EndpointUser


class Client(EndpointUser):
    """Asks for predictions without a pause, unless configuration/qa.yml gives one."""

    @task
    def predict(self) -> None:
        """One request of the pool."""
        self.invoke(next(self.requests))
