"""The load test's client of the endpoint: it sends requests with rows of the test set, one after the other.

configuration/qa.yml sets the number of clients, the duration, and the bounds on latency.
By hand: locust -f load/locustfile.py --endpoint NAME --rows rows.csv
"""

from __future__ import annotations

from locust import task
from mlops.qa.generator.user import EndpointUser


class Client(EndpointUser):
    """Sends requests without a pause, unless configuration/qa.yml sets one."""

    @task
    def predict(self) -> None:
        """Send the next request of the pool."""
        self.invoke(next(self.requests))
