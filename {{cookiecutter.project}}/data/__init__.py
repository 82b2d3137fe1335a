"""How the data set is made: real trip records, or the synthetic sample, turned into the sets that the jobs read."""

from mlops.contract import DataError

from data.preparation import prepare

__all__ = ["DataError", "prepare"]
