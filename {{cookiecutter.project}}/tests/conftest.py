"""`dataset` is the prepared sample, `trained` the directories of a finished training job."""

pytest_plugins = ["mlops.testing"]
