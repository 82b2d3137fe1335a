"""What ends with a local cloud."""

from __future__ import annotations

from pathlib import Path

from mlops.aws import executions, paging
from mlops.aws.executions import Execution
from mlops.aws.session import Session
from mlops.errors import MlopsError
from mlops.localcloud import launch


def on_their_way(directory: Path) -> list[Execution]:
    """The executions in the local cloud of this directory that have not ended; none where it does not respond.

    From then on AWS clients of this process call that cloud.
    """
    try:
        running = launch.find(directory)
        if running is None:
            return []
        launch.adopt(running)
        session = Session(running.region)
        listed = paging.items(session.client("codepipeline"), "list_pipelines", "pipelines")
        return [each for pipeline in listed for each in executions.on_their_way(session, pipeline["name"])]
    except MlopsError:
        return []
