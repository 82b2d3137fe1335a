"""Where the tests of the command line find things."""

from baking import REPOSITORY

GENERATED = REPOSITORY
REGION = "eu-central-1"
