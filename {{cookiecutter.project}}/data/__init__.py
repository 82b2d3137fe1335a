"""Prepares the data set: turns real trip records, or the synthetic sample, into the sets that the jobs read."""

from mlops.contract import DataError

from data.preparation import prepare

__all__ = ["DataError", "prepare"]
