"""The load generator: locust users that call an endpoint at the least possible cost.

What a load test is to measure is the endpoint, so everything else is made cheap. A request is prepared and
signed by boto3 once and sent as bytes many times (`requests`), over a connection of each user's own (`user`).
What the generator itself took and whether it kept up stands beside the latencies (`recorder`, `summary`).

Nothing is imported here: importing locust makes the standard library cooperative, in this process for good.
"""
