"""DataProcessing of a transform job: what of a record is sent, and what of record and prediction is written.

Source: Amazon SageMaker Developer Guide, "Associate Prediction Results with Input Records".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Protocol

from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.transform.jsonpath import NoSuchPart, Path

_INPUT, _OUTPUT = "SageMakerInput", "SageMakerOutput"
_CSV = "text/csv"
_JSON = ("application/json", "application/jsonlines")


class NotJoined(Exception):
    """Records that cannot be filtered, or predictions that cannot be joined with them. The text is the reason."""


class _Format(Protocol):
    """How records of a content type are read, joined and written."""

    def read(self, record: str) -> Any: ...

    def write(self, value: Any) -> str: ...

    def join(self, record: Any, prediction: Any) -> Any: ...


class _Csv:
    """A record is a row, and a row is a list of texts."""

    def read(self, record: str) -> list[str]:
        if '"' not in record:
            return record.split(",")
        try:
            return next(csv.reader([record], strict=True))
        except csv.Error as error:
            raise NotJoined(f"not CSV: {error}: {record[:100]}") from error

    def write(self, value: list[str] | str) -> str:
        if isinstance(value, str):
            value = [value]
        if not any('"' in cell or "," in cell for cell in value):
            return ",".join(value)
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(value)
        return row.getvalue()

    def join(self, record: list[str], prediction: list[str]) -> list[str]:
        return record + prediction


class _Json:
    """A record is a JSON document."""

    def read(self, record: str) -> Any:
        try:
            return json.loads(record)
        except ValueError as error:
            raise NotJoined(f"not JSON: {error}: {record[:100]}") from error

    def write(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def join(self, record: Any, prediction: Any) -> dict[str, Any]:
        named = record if isinstance(record, dict) else {_INPUT: record}
        return {**named, _OUTPUT: prediction}


class DataProcessing:
    """The filters and the join of one job. Without them, records and predictions pass as they are."""

    def __init__(self, request: dict):
        """Raises AWSError where the request's filters cannot be applied to its content type."""
        settings = request.get("DataProcessing", {})
        self._input = Path(settings.get("InputFilter", "$"), "DataProcessing.InputFilter")
        self._output = Path(settings.get("OutputFilter", "$"), "DataProcessing.OutputFilter")
        self._joins = settings.get("JoinSource", "None") == "Input"
        self.writes = self._joins or not self._output.is_root
        self.reads = not self._input.is_root
        self._format: _Format = _Csv()
        if self.reads or self.writes:
            self._format = self._chosen(request)

    def _chosen(self, request: dict) -> _Format:
        content, accept = (
            media.partition(";")[0].strip().lower()
            for media in (
                request["TransformInput"].get("ContentType", ""),
                request["TransformOutput"].get("Accept", ""),
            )
        )
        if content != _CSV and content not in _JSON:
            raise AWSError(
                "ValidationException",
                f"DataProcessing is supported for ContentType {', '.join((_CSV, *_JSON))}, found {content or 'none'}",
            )
        if self.writes and accept and accept != content:
            raise AWSError(
                "ValidationException",
                f"DataProcessing needs the same format for input and output: ContentType {content}, Accept {accept}",
            )
        if content == _CSV and not (self._input.takes_columns and self._output.takes_columns):
            raise AWSError("ValidationException", "Filters of CSV select columns by index, such as $[1:] or $[0,-1]")
        return _Csv() if content == _CSV else _Json()

    def sent(self, record: str) -> str:
        """The part of a record that the container gets. Raises NotJoined."""
        return self._filtered(self._input, self._format.read(record)) if self.reads else record

    def written(self, records: Sequence[str], predictions: Sequence[str]) -> list[str]:
        """The lines of the output for records and their predictions. Raises NotJoined."""
        if self._joins and len(records) != len(predictions):
            raise NotJoined(
                f"Fail to join data: mismatched line count between the input and the output: {len(records)} records, "
                f"{len(predictions)} predictions"
            )
        read = self._format.read
        if not self._joins:
            return [self._filtered(self._output, read(prediction)) for prediction in predictions]
        return [
            self._filtered(self._output, self._format.join(read(record), read(prediction)))
            for record, prediction in zip(records, predictions, strict=True)
        ]

    def _filtered(self, path: Path, value: Any) -> str:
        try:
            return self._format.write(path.of(value))
        except NoSuchPart as error:
            raise NotJoined(str(error)) from error
