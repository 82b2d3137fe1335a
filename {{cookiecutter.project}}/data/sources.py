"""Reads trips from a file, from a folder of files, from a month of the TLC's records, or from the synthetic sample."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.parquet as pq
from mlops.contract import DataError
from pyarrow import csv

from data import columns, synthetic

TLC = "https://d37ci6vzurychx.cloudfront.net/trip-data"
"""The files that https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page links to."""

_MONTH = re.compile(r"(?:(yellow|green)-)?(\d{4}-(?:0[1-9]|1[0-2]))")
_SUFFIXES = (".parquet", ".csv", ".csv.gz")
_ALLOWED = (
    "a CSV or Parquet file of trips, a folder of such files, a month like 2024-01 or green-2024-01, "
    "or nothing for the synthetic sample"
)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Trips:
    """Trips in the form of `columns.canonical`, and their origin for dataset.json."""

    table: pa.Table
    source: str
    synthetic: bool
    sha256: str


def read(source: str | Path | None, progress: Callable[[str], object]) -> Trips:
    """Trips from `source`. Raises DataError when it cannot be read."""
    if source is None:
        progress("making synthetic trips")
        table = synthetic.trips()
        return Trips(columns.canonical(table), synthetic.SOURCE, True, _sha256_of_table(table))
    if month := _MONTH.fullmatch(str(source)):
        url = f"{TLC}/{month[1] or 'yellow'}_tripdata_{month[2]}.parquet"
        with tempfile.TemporaryDirectory() as folder:
            return _from_files([_download(url, Path(folder), progress)], url, progress)
    if not str(source).strip():
        raise DataError(f"an empty name; allowed are {_ALLOWED}")
    path = Path(source)
    if not path.exists():
        raise DataError(f"{path}: does not exist; allowed are {_ALLOWED}")
    files = sorted(file for file in path.iterdir() if _readable(file)) if path.is_dir() else [path]
    if not files or not all(map(_readable, files)):
        raise DataError(f"{path}: no file that ends in {', '.join(_SUFFIXES)}; allowed are {_ALLOWED}")
    return _from_files(files, path.name, progress)


def _readable(file: Path) -> bool:
    return file.name.lower().endswith(_SUFFIXES) and file.is_file()


def _from_files(files: list[Path], source: str, progress: Callable[[str], object]) -> Trips:
    tables, digest = [], hashlib.sha256()
    for file in files:
        progress(f"reading {file.name}")
        try:
            tables.append(columns.canonical(_read_file(file)))
            with file.open("rb") as content:
                while block := content.read(_BLOCK):
                    digest.update(block)
        except pa.ArrowException as error:
            raise DataError(f"{file}: {error}; allowed is {columns.ALLOWED}") from error
        except (DataError, OSError) as error:
            raise DataError(f"{file}: {error}") from error
    return Trips(pa.concat_tables(tables), source, False, digest.hexdigest())


def _read_file(file: Path) -> pa.Table:
    """Read the columns that `columns` uses, a third of a file of the TLC."""
    if file.name.lower().endswith(".parquet"):
        names = [name for name in pq.read_schema(file).names if name.strip().lower() in columns.READ]
        return pq.read_table(file, columns=names)
    return csv.read_csv(file)


def _download(url: str, folder: Path, progress: Callable[[str], object]) -> Path:
    file = folder / url.rpartition("/")[2]
    try:
        with urlopen(url, timeout=30) as answer, file.open("wb") as content:
            size = int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(_BLOCK):
                content.write(block)
                progress(f"downloading {file.name}: {content.tell() / 1e6:.0f} of {size / 1e6:.0f} MB")
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(f"{url}: cannot be downloaded ({reason}); allowed are {_ALLOWED}") from error
    return file


def _sha256_of_table(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink)
    return hashlib.sha256(sink.getvalue()).hexdigest()
