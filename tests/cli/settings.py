"""What the tests of the command line share."""

from baking import REPOSITORY

GENERATED = REPOSITORY
REGION = "eu-central-1"
