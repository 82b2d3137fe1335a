"""What the tests of the command line share."""

REGION = "eu-central-1"
