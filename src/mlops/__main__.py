"""`python -m mlops` is the `mlops` command."""

from mlops.cli import main

main(prog_name="mlops")
