"""Rows and predictions in the bodies that an endpoint received and sent, as data capture wrote them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mlops.container.kinds import Category, Feature, RowError, Target
from mlops.container.rows import without_quotes
from mlops.container.serving.media import CSV, JSON, request_type


class Unfit(ValueError):
    """A body that is not rows of the features, or not predictions of the target.

    `missing` and `extra` are names of columns. A CSV has no names: its columns are missing from the right, and extra
    ones are numbered.
    """

    def __init__(self, reason: str, missing: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.missing, self.extra = missing, extra


class _WrongType:
    """In place of a JSON value that the feature cannot have: neither a number nor text."""


WRONG_TYPE = _WrongType()
UNEXPECTED = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What unexpected JSON raises where it is read."""
Cell = str | int | float | _WrongType
"""A cell of CSV, or a value of JSON: a number for a Number, text for a Category; an empty text is missing."""


class Predictions(NamedTuple):
    """`cells` are numbers or labels, one a row.

    `probabilities` has a mapping of labels per row, or for CSV, which has no others, the probability of the predicted
    label; it is empty for a regression.
    """

    cells: Sequence[Cell]
    probabilities: Sequence[Any] = ()


@dataclass(frozen=True)
class Body:
    """A side of a record, decoded."""

    text: str
    media: str

    @classmethod
    def of(cls, side: Mapping[str, Any]) -> Body:
        """Raises Unfit for an encoding or a media type that the server does not have."""
        encoding, text = side.get("encoding"), side["data"]
        if encoding in ("CSV", "JSON"):
            return cls(text, CSV if encoding == "CSV" else JSON)
        if encoding != "BASE64":
            raise Unfit(f"encoding {encoding}")
        text = base64.b64decode(text, validate=True).decode()
        observed = side.get("observedContentType") or (JSON if text.lstrip().startswith("{") else CSV)
        media = request_type(observed)
        if media is None:
            raise Unfit(f"content type {observed}")
        return cls(text, media)


class Payloads:
    """Reads bodies of requests and answers of one model. What does not fit raises one of UNEXPECTED."""

    def __init__(self, target: Target, features: Sequence[Feature]) -> None:
        self._target, self._features = target, features
        self._names = [feature.name for feature in features]
        self._width = len(features)
        self._texts = [isinstance(feature, Category) for feature in features]

    def rows(self, body: Body) -> Sequence[Sequence[Cell]]:
        """The rows, their cells in the order of the features."""
        if body.media == CSV:
            lines = _table(body.text)
            for line in lines:
                if len(line) != self._width:
                    missing = self._names[len(line) :]
                    extra = [f"column {position + 1}" for position in range(self._width, len(line))]
                    raise Unfit(f"a row of {len(line)} cells", missing, extra)
            return lines
        instances = json.loads(body.text)["instances"]
        if not isinstance(instances, list) or not instances:
            raise Unfit("no rows")
        return [self._in_order(row) for row in instances]

    def predictions(self, body: Body) -> Predictions:
        if body.media == CSV:
            lines = _table(body.text)
            if not isinstance(self._target, Category):
                return Predictions([cell for (cell,) in lines])
            labels = [label for label, _ in lines]
            return Predictions(labels, [float(probability) for _, probability in lines])
        found = json.loads(body.text)["predictions"]
        if not isinstance(self._target, Category):
            return Predictions([_cell(value, text=False) for value in found])
        return Predictions(
            [_cell(value["label"], text=True) for value in found],
            [value.get("probabilities", value["probability"]) for value in found],
        )

    def _in_order(self, row: Any) -> Sequence[Cell]:
        if isinstance(row, dict):
            if row.keys() != set(self._names):
                missing = [name for name in self._names if name not in row]
                raise Unfit("other columns", missing, [name for name in row if name not in self._names])
            values = [row[name] for name in self._names]
        elif isinstance(row, list) and len(row) == self._width:
            values = row
        elif isinstance(row, list):
            extra = [f"column {position + 1}" for position in range(self._width, len(row))]
            raise Unfit(f"a row of {len(row)} values", self._names[len(row) :], extra)
        else:
            raise Unfit("neither a list nor an object")
        return [_cell(value, text) for value, text in zip(values, self._texts, strict=True)]


def _table(text: str) -> list[list[str]]:
    if '"' in text or "\r" in text:
        try:
            text = without_quotes(text)
        except RowError as error:
            raise Unfit(str(error)) from None
    text = text.rstrip("\n")
    if not text:
        raise Unfit("no rows")
    return [line.split(",") for line in text.split("\n")]


def _cell(value: Any, text: bool) -> Cell:
    if value is None:
        return ""
    if text:
        return value if isinstance(value, str) else WRONG_TYPE
    return value if isinstance(value, int | float) and not isinstance(value, bool) else WRONG_TYPE
