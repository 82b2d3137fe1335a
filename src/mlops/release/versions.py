"""What is kept of a release: its lineage, its approval, and when it was in production."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops.contract import ProblemType
from mlops.metrics import METRICS


@dataclass(frozen=True)
class Period:
    """A time in production. `until` is None while it lasts; `replaced` and the rest are of its beginning.

    `replaced` is the version, or else the execution, that production served before; None for the first.
    """

    since: datetime
    until: datetime | None
    kind: str
    replaced: str | None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Measured:
    """A metric of the test set. The last three are None where the gate does not judge it."""

    value: float
    deviation: float | None = None
    bound: float | None = None
    production: float | None = None
    lower_is_better: bool | None = None


@dataclass(frozen=True)
class Approval:
    """The decision of the approval. `approver` is empty when it timed out."""

    approved: bool
    approver: str
    comment: str
    time: str


@dataclass(frozen=True)
class Version:
    """One release, by its execution; `version` is None when its model was not registered.

    `state` is in production, replaced, rolled back, approved, rejected, waiting for approval, running, stopped, or where
    it failed. Members of steps that the release has not reached are None or empty. `stop_reason` is that of a release
    that was stopped, `failure` the cause of one that failed, as long as CodePipeline keeps them; a history has no causes.
    """

    execution_id: str
    version: int | None = None
    state: str = ""
    registered: datetime | None = None
    commit_id: str = ""
    repository: str = ""
    data_version: str = ""
    image: str = ""
    model: str = ""
    trigger: str = ""
    requested_by: str = ""
    reason: str = ""
    link: str = ""
    tuned: bool = False
    hyperparameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Measured] = field(default_factory=dict)
    headline: str = ""
    baseline: tuple[str, ...] = ()
    qa: bool | None = None
    qa_checks: int = 0
    approval: Approval | None = None
    rejection: str = ""
    stop_reason: str = ""
    failure: str = ""
    periods: tuple[Period, ...] = ()
    results: str = ""

    @property
    def name(self) -> str:
        """The number of the version, or the beginning of its execution's id."""
        return str(self.version) if self.version is not None else self.execution_id[:8]

    @property
    def has_failed(self) -> bool:
        """Whether an action of its execution failed, or its approval was rejected before its model was registered."""
        return self.state.startswith("failed in ")


@dataclass(frozen=True)
class Entry:
    """One line of the history: a version with one of its times in production, or with none."""

    version: Version
    period: Period | None

    @property
    def moment(self) -> datetime | None:
        return self.period.since if self.period else self.version.registered


@dataclass(frozen=True)
class History:
    """The newest entry first. `serving` is the execution whose release the stack of production has, empty without one."""

    entries: tuple[Entry, ...]
    serving: str
    is_logged: bool


@dataclass(frozen=True)
class Difference:
    """A fact in which two versions differ. `verdict` is better or worse, empty where there is no direction.

    `deviation` is the standard deviation of a metric's difference, as that of two independent test sets: of one test set
    it is smaller. None where a metric has no standard deviation.
    """

    group: str
    name: str
    first: Any
    second: Any
    verdict: str = ""
    deviation: float | None = None

    @property
    def is_within_deviation(self) -> bool:
        """Whether the drawing of the test set's rows explains the difference as well."""
        return self.deviation is not None and abs(self.second - self.first) <= self.deviation


def metrics(lineage: Mapping[str, Any]) -> tuple[dict[str, Measured], str]:
    """The metrics of lineage.json, those of the gate first, and the name of the first one."""
    problem = _problem(lineage)
    directions = METRICS[problem] if problem else {}
    gate = {each["Name"]: each for each in lineage.get("gate", [])}
    found = {name: entry for name, entry in lineage.get("metrics", {}).items() if _is_metric(entry)}
    ordered = [name for name in gate if name in found] + [name for name in found if name not in gate]
    measured = {
        name: Measured(
            value=found[name]["value"],
            deviation=found[name].get("standard_deviation"),
            bound=gate.get(name, {}).get("Bound"),
            production=gate.get(name, {}).get("Production"),
            lower_is_better=directions[name].lower_is_better if name in directions else None,
        )
        for name in ordered
    }
    return measured, next(iter(measured), "")


def differences(first: Version, second: Version) -> list[Difference]:
    """What differs between two versions; a metric's verdict is of the second one."""
    facts = ("commit_id", "data_version", "image", "tuned", "trigger", "requested_by")
    found = [
        Difference("outcome", "state", first.state, second.state),
        Difference("outcome", "QA passed", first.qa, second.qa),
    ]
    found += [
        Difference("made from", name.removesuffix("_id").replace("_", " "), getattr(first, name), getattr(second, name))
        for name in facts
    ]
    found += [
        Difference("hyperparameters", name, first.hyperparameters.get(name), second.hyperparameters.get(name))
        for name in sorted({**first.hyperparameters, **second.hyperparameters})
    ]
    found += [_metric(name, first, second) for name in {**first.metrics, **second.metrics}]
    return [each for each in found if each.first != each.second]


def _metric(name: str, first: Version, second: Version) -> Difference:
    one, other = first.metrics.get(name), second.metrics.get(name)
    verdict, deviation = "", None
    if one and other and one.deviation is not None and other.deviation is not None:
        deviation = math.hypot(one.deviation, other.deviation)
    if one and other and one.lower_is_better is not None and one.lower_is_better == other.lower_is_better:
        verdict = "better" if (other.value < one.value) == one.lower_is_better else "worse"
    values = (one.value if one else None, other.value if other else None)
    return Difference("metrics", name, *values, verdict, deviation)


def _problem(lineage: Mapping[str, Any]) -> ProblemType | None:
    value = lineage.get("problem_type")
    return ProblemType(value) if value in {each.value for each in ProblemType} else None


def _is_metric(entry: Any) -> bool:
    return (
        isinstance(entry, dict) and isinstance(entry.get("value"), int | float) and not isinstance(entry["value"], bool)
    )
