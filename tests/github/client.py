"""A locust client that sends signed requests to the API and records every response.

ROWS names a file with rows of features. ANSWERS names a file to which each response adds a line of JSON: its status
and its model version.
"""

import json
import os
import random
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from locust import HttpUser, constant, task

ROWS = Path(os.environ["ROWS"]).read_text(encoding="utf-8").splitlines()
ANSWERS = Path(os.environ["ANSWERS"])
CREDENTIALS = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])


class Client(HttpUser):
    """Sends one request after the other, with one row each."""

    wait_time = constant(0.03)

    @task
    def predict(self) -> None:
        request = AWSRequest("POST", f"{self.host}/predict", {"Content-Type": "text/csv"}, data=random.choice(ROWS))
        SigV4Auth(CREDENTIALS, "execute-api", os.environ["AWS_REGION"]).add_auth(request)
        answer = self.client.post("/predict", data=request.data, headers=dict(request.headers.items()))
        record = {"status": answer.status_code, "version": answer.headers.get("X-Model-Version", "")}
        with ANSWERS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
