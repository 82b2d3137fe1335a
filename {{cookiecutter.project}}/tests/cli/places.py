"""Where the tests of the command line find things."""

from pathlib import Path

GENERATED = Path(__file__).parents[2]
REGION = "eu-central-1"
