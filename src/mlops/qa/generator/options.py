"""The load test's options in addition to locust's own."""

from __future__ import annotations

from pathlib import Path

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.stats import CSV_STATS_INTERVAL_SEC

from mlops.qa.generator.recorder import Recorder


def register() -> None:
    """Register the options with locust, and record the run if an option requests it."""
    events.init_command_line_parser.add_listener(_add_options)
    events.init.add_listener(_update_clock)
    events.init.add_listener(_record)
    events.quitting.add_listener(_complete_csv)


def read_rows(file: str) -> list[str]:
    """The rows to send. Raises ValueError when there are none."""
    rows = Path(file).read_text(encoding="utf-8").splitlines()
    if not rows:
        raise ValueError(f"{file} has no rows to send")
    return rows


def _add_options(parser: LocustArgumentParser) -> None:
    group = parser.add_argument_group("Endpoint")
    group.add_argument("--endpoint", required=True, help="Name of the endpoint.")
    group.add_argument("--rows", required=True, help="CSV file of the rows to send: no header, no target.")
    group.add_argument("--rows-per-request", type=int, default=1, help="Rows in each request.")
    group.add_argument("--wait-milliseconds", type=float, default=0.0, help="A user's pause between two requests.")
    group.add_argument("--record", default="", help="JSON file for latencies and the generator's own load.")


def _complete_csv(environment: Environment, **_: object) -> None:
    """Wait until locust has written the last measurements: it writes its CSV files once a second, and not at its end."""
    if environment.parsed_options and environment.parsed_options.csv_prefix:
        gevent.sleep(1.1 * CSV_STATS_INTERVAL_SEC)


def _update_clock(**_: object) -> None:
    """Let the run last as long as configured: gevent starts timers at the time of its loop's last turn.

    Imports since then take seconds on a busy machine; the run would be so much shorter, or end before the first request.
    """
    gevent.get_hub().loop.update_now()


def _record(environment: Environment, **_: object) -> None:
    if environment.parsed_options and environment.parsed_options.record:
        Recorder(environment, Path(environment.parsed_options.record)).attach()
