"""What notebooks show beside `mlops.release` and SageMaker's Python SDK: charts, tables, decisions, and drift to try.

Functions that show something return `Shown`, which a notebook draws as the result of a cell. Needs the extra `notebook`.
"""

from mlops.notebook.connection import connect, disconnect
from mlops.notebook.dashboard import dashboard
from mlops.notebook.datasets import Dataset, distributions
from mlops.notebook.decision import Approval, Deletion
from mlops.notebook.drift import Shift, offered_retraining, write_shifted
from mlops.notebook.html import Shown, table
from mlops.notebook.live import follow
from mlops.notebook.machines import state_machine
from mlops.notebook.monitoring import baseline, capture, monitor
from mlops.notebook.scoring import score
from mlops.notebook.traffic import Clients

__all__ = [
    "Approval",
    "Clients",
    "Dataset",
    "Deletion",
    "Shift",
    "Shown",
    "baseline",
    "capture",
    "connect",
    "dashboard",
    "disconnect",
    "distributions",
    "follow",
    "monitor",
    "offered_retraining",
    "score",
    "state_machine",
    "table",
    "write_shifted",
]
