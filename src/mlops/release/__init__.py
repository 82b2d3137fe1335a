"""The use cases of a release, for the command line, for workflows and for notebooks.

A use case that takes time is a generator: it yields `events` while it works, prints nothing, and returns its result.
`result` runs one to its end; a loop shows its events. Errors are `mlops.errors.InputError` for a wrong input and
`mlops.errors.PipelineError` where the pipeline, or AWS, refuses. Clients call AWS, or the local cloud where
AWS_ENDPOINT_URL names it.

>>> from mlops import release
>>> repository = release.find()
>>> execution = release.result(release.start(repository, reason="newer data"))
>>> for event in release.watch(repository, execution, until_approval=True):
...     if isinstance(event, release.events.ExecutionFollowed):
...         print(event.execution.waiting_approval.path)
Approve/Release
>>> answered = release.result(release.approve(repository, execution, comment="the error is lower"))
>>> released = release.result(release.watch(repository, execution))
>>> released.status
'Succeeded'
>>> release.status(repository).execution.id == execution
True
"""

from mlops.progress import result
from mlops.release import events
from mlops.release.approval import CommentMissingError, approve, reject
from mlops.release.batch import batch, finish_batch
from mlops.release.bootstrapping import bootstrap
from mlops.release.costing import estimate_cost, needed_quotas
from mlops.release.datasets import prepare_data, upload_data
from mlops.release.deployment import deploy
from mlops.release.destruction import destroy, plan_destruction
from mlops.release.diagnosing import diagnose
from mlops.release.initialising import initialise
from mlops.release.invocation import invoke, rows_of_table
from mlops.release.lineage import compare, history, version
from mlops.release.local_cloud import on_their_way as on_their_way_locally
from mlops.release.local_run import Decision, run_locally
from mlops.release.monitoring import fetch_monitoring, run_monitoring
from mlops.release.overview import Status, status
from mlops.release.production_change import ProductionChangedError
from mlops.release.reporting import write_report
from mlops.release.repository import Repository, find
from mlops.release.rollback import roll_back
from mlops.release.starting import StartProgress, hyperparameters, start
from mlops.release.stopping import stop
from mlops.release.tracking import track
from mlops.release.watching import watch
from mlops.report.baselines import read as read_baseline

__all__ = [
    "CommentMissingError",
    "Decision",
    "ProductionChangedError",
    "Repository",
    "StartProgress",
    "Status",
    "approve",
    "batch",
    "bootstrap",
    "compare",
    "deploy",
    "destroy",
    "diagnose",
    "estimate_cost",
    "events",
    "fetch_monitoring",
    "find",
    "finish_batch",
    "history",
    "hyperparameters",
    "initialise",
    "invoke",
    "needed_quotas",
    "on_their_way_locally",
    "plan_destruction",
    "prepare_data",
    "read_baseline",
    "reject",
    "result",
    "roll_back",
    "rows_of_table",
    "run_locally",
    "run_monitoring",
    "start",
    "status",
    "stop",
    "track",
    "upload_data",
    "version",
    "watch",
    "write_report",
]
