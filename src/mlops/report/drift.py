"""The distributions of a release's training data, and their distances from those of another release."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from mlops import distances, names
from mlops.aws.session import Session
from mlops.report import baselines
from mlops.report.objects import read_json

# Quantiles that describe a column of numbers: the distance of two such columns is off by at most 0.005.
_POINTS = 200

NOTHING: dict[str, Any] = {"data": None, "drift": None}


@dataclass(frozen=True)
class Row:
    """A column's distance, and the distance that it had in the report of main."""

    name: str
    distance: float
    main: float | None
    threshold: float
    drifted: bool

    @property
    def difference(self) -> float | None:
        return None if self.main is None else self.distance - self.main


def collect(session: Session, bucket: str, execution_id: str, production: str | None) -> dict[str, Any]:
    """`data` and `drift` of the document. `production` is the execution that production served at the evaluation."""
    own = _read(session, bucket, execution_id)
    served = _read(session, bucket, production) if production else None
    return {"data": own, "drift": compare(own, served, "production", production) if own and served else None}


def with_main(document: dict[str, Any], baseline: dict[str, Any] | None) -> dict[str, Any] | None:
    """The document's drift; against main where nothing was in production, as in the local cloud of a pull request."""
    main = (baseline or {}).get("data")
    if document["drift"] or not document["data"] or not baseline or not main:
        return document["drift"]
    with baselines.compared():
        return compare(document["data"], main, "main", baseline["execution"]["id"])


def describe(statistics: dict[str, Any], constraints: dict[str, Any]) -> dict[str, Any]:
    """Rows, and the distribution of each column, from statistics.json and constraints.json of a baseline."""
    shared = constraints.get("monitoring_config", {}).get("distribution_constraints", {})
    overrides = {
        each["name"]: each.get("monitoringConfigOverrides", {}).get("distribution_constraints", {})
        for each in constraints["features"]
    }
    return {
        "rows": statistics["dataset"]["item_count"],
        "columns": {
            each["name"]: _column(each, shared | overrides.get(each["name"], {})) for each in statistics["features"]
        },
    }


def compare(data: dict[str, Any], other: dict[str, Any], against: str, execution_id: str | None) -> dict[str, Any]:
    """The distance of each compared column from that of the other data, largest first.

    A column that the other data lacks, or has in another type, is in `added`; one that only they have in `removed`.
    """
    both = [
        (name, column, other["columns"][name])
        for name, column in data["columns"].items()
        if name in other["columns"] and ("shares" in column) == ("shares" in other["columns"][name])
    ]
    pairs = [(name, column, served) for name, column, served in both if _comparable(column, served)]
    comparisons = sum(len({*one["shares"], *two["shares"]}) if "shares" in one else 1 for _, one, two in pairs)
    columns = [
        {
            "name": name,
            "distance": (distance := _distance(column, served)),
            "threshold": served["threshold"],
            "drifted": distance > served["threshold"]
            and distance > distances.critical(column["present"], served["present"], comparisons),
        }
        for name, column, served in pairs
    ]
    known = {name for name, *_ in both}
    return {
        "against": against,
        "execution": execution_id,
        "rows": other["rows"],
        "columns": sorted(columns, key=lambda column: -column["distance"]),
        "added": [name for name in data["columns"] if name not in known],
        "removed": [name for name in other["columns"] if name not in data["columns"]],
    }


def _read(session: Session, bucket: str, execution_id: str) -> dict[str, Any] | None:
    prefix = f"{names.execution_prefix(execution_id)}baseline/"
    statistics = read_json(session, bucket, f"{prefix}statistics.json")
    constraints = read_json(session, bucket, f"{prefix}constraints.json")
    return describe(statistics, constraints) if statistics and constraints else None


def _column(described: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    textual = described.get("string_statistics")
    found = textual or described["numerical_statistics"]
    column: dict[str, Any] = {"present": found["common"]["num_present"]}
    if textual:
        column["shares"] = {each["value"]: each["count"] for each in found["distribution"]["categorical"]["buckets"]}
    else:
        column["values"] = _quantiles(found["distribution"]["kll"]["sketch"]["data"]) if column["present"] else []
    compared = settings.get("perform_comparison", "Enabled") == "Enabled"
    threshold = settings.get("categorical_comparison_threshold" if textual else "comparison_threshold", 0.1)
    return column | {"threshold": threshold if compared else None}


def _quantiles(levels: list[list[float]]) -> list[float]:
    """At most _POINTS values of equal weight; a number in level n of a KLL sketch represents 2^n values."""
    weighted = sorted((value, 2**height) for height, level in enumerate(levels) for value in level)
    cumulated = list(accumulate(weight for _, weight in weighted))
    points = min(_POINTS, cumulated[-1])
    ranks = ((index + 0.5) / points * cumulated[-1] for index in range(points))
    return [float(f"{weighted[bisect_left(cumulated, rank)][0]:.7g}") for rank in ranks]


def _comparable(column: dict[str, Any], other: dict[str, Any]) -> bool:
    return other["threshold"] is not None and bool(column["present"] and other["present"])


def _distance(column: dict[str, Any], other: dict[str, Any]) -> float:
    if "shares" in column:
        return round(distances.largest_share_difference(column["shares"], other["shares"]), 4)
    return round(distances.kolmogorov_smirnov(_weighted(column), _weighted(other)), 4)


def _weighted(column: dict[str, Any]) -> distances.Weighted:
    return column["values"], [1.0] * len(column["values"])


def rows(document: dict[str, Any]) -> list[Row]:
    """A row for each compared column, the largest distance first; none where nothing is compared."""
    with baselines.compared():
        main = ((document.get("baseline") or {}).get("drift") or {}).get("columns", [])
        known = {column["name"]: float(column["distance"]) for column in main}
    columns = (document.get("drift") or {}).get("columns", [])
    return [Row(main=known.get(column["name"]), **column) for column in columns]


def title(document: dict[str, Any]) -> str:
    """The title of the section on the data."""
    against = (document.get("drift") or {}).get("against")
    return "Data compared with production's" if against == "production" else "Data compared with main's"


def summary(document: dict[str, Any]) -> str:
    """The comparison in a sentence or two; empty where nothing is compared."""
    drift = document.get("drift")
    if not drift:
        return ""
    drifted = sum(column["drifted"] for column in drift["columns"])
    found = [
        f"Training data: {document['data']['rows']:,} rows, against {drift['rows']:,} of execution "
        f"{drift['execution']}. {drifted} of {len(drift['columns'])} compared columns "
        f"{'has' if drifted == 1 else 'have'} drifted: their distance is larger than allowed, and than chance explains."
    ]
    if drift["against"] == "main":
        found.append("Nothing was in production here; the data is that of main's last report.")
    if drift["added"]:
        found.append(f"New, or of another type: {', '.join(drift['added'])}.")
    if drift["removed"]:
        found.append(f"No longer there: {', '.join(drift['removed'])}.")
    return " ".join(found)
