"""A load test that is short, and that a busy machine passes."""

# No bounds on speed: other tests may keep this machine busy.
SHORT_LOAD = {
    "users": 2,
    "spawn_rate": 2,
    "duration_seconds": 5,
    "minimum_throughput": 0,
    "p95_milliseconds": 60_000,
    "p99_milliseconds": 60_000,
}
