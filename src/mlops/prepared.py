"""A prepared data set: the team's `prepare` makes it, and the training and its other readers must accept its files.

Importing this module is cheap, and it needs no numpy.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from mlops import team
from mlops.container.csvfile import CsvFile
from mlops.contract import Feature, Target
from mlops.errors import InputError, MlopsError, printable
from mlops.names import DATA_SETS

DESCRIPTION = "dataset.json"
_MOST_SHOWN = 8
_MOST_CHARACTERS = 600


def prepare(source: str | None, out: Path, on_progress: Callable[[str], object]) -> Mapping[str, Any]:
    """Write a data set below `out` with the team's `prepare`, and return the content of its dataset.json.

    DataError when the source is not usable. InputError when `prepare` raises another error, which has the place in the
    team's code, or does not return what it wrote to dataset.json.
    """
    function = team.prepare()
    try:
        returned = function(source, out, on_progress=on_progress)
    except MlopsError:
        raise
    except Exception as error:  # the team's own code may raise anything
        root = Path(import_module("data").__file__ or "").parents[1]
        reason = _cut(printable(f"{type(error).__name__}: {error}")) + team.location(error, root)
        raise InputError(
            f"data/__init__.py: prepare failed for {printable(source or 'the sample')}: {reason}; allowed is DataError of "
            "mlops.contract for a source that is not usable"
        ) from error
    if found := list(_description_problems(returned)):
        raise InputError("\n".join(["data/__init__.py: prepare returned no description of the data set:", *found]))
    try:
        written = json.loads((out / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"data/__init__.py: prepare wrote no {DESCRIPTION} that can be read: {error}") from error
    if written != json.loads(json.dumps(returned, default=str)):
        raise InputError(f"data/__init__.py: prepare wrote a {DESCRIPTION} that differs from what it returned")
    return returned


def move(source: Path, folder: Path) -> None:
    """Move the files of a data set into a folder, in place of the data set that is there.

    dataset.json is moved last: without it the folder is no data set. Files that belong to no data set are kept.
    """
    if _read_description(folder, []):
        for name in DATA_SETS:
            shutil.rmtree(folder / name, ignore_errors=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)
    files = [file for file in source.rglob("*") if not file.is_dir()]
    for file in sorted(files, key=lambda file: file == source / DESCRIPTION):
        target = folder / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)


def check(folder: Path, message: str, remedy: str = "") -> Generator[str, None, None]:
    """Read the data set as the training reads it, and yield a text of progress for each of its sets.

    Raises InputError of `message`, a line for each problem and `remedy`, when the files are not those of the contract, or
    their rows not what model/features.py allows.
    """
    target, features = team.features()
    found: list[str] = []
    in_train: set[str] = set()
    description = _read_description(folder, found)
    for name in DATA_SETS:
        yield f"checking {name}"
        count = _check_set(folder, name, target, features, found, in_train)
        counted = description.get("rows", {}).get(name)
        if count and description and counted != count:
            found.append(
                f"{DESCRIPTION}: rows: found {json.dumps(counted)} for {name}; allowed is the number of rows in its file, {count}"
            )
    if found:
        more = [f"… and {len(found) - _MOST_SHOWN} more"] if len(found) > _MOST_SHOWN else []
        lines = [f"  {_cut(printable(problem))}" for problem in (*found[:_MOST_SHOWN], *more)]
        raise InputError("\n".join([message, *lines, *([remedy] if remedy else [])]))


def _check_set(
    folder: Path, name: str, target: Target, features: tuple[Feature, ...], found: list[str], in_train: set[str]
) -> int:
    """Add the problems of a set's file to `found`. Returns its number of rows, 0 with problems in them.

    The baseline is a part of train: it adds none that is in `in_train`, the wrong values of train.
    """
    file = f"{name}/{name}.csv"
    others = sorted((folder / name).rglob("*.csv"))
    found += [
        f"{other.relative_to(folder).as_posix()}: not a file of a data set; allowed is one for all rows, {file}"
        for other in others
        if other != folder / file
    ]
    expected = [target.name, *(feature.name for feature in features)]
    try:
        table = CsvFile(folder / file, target, features, file)
        if table.header != expected:
            found.append(f"{file}: {_header_problem(table.header, expected)}")
        count, problems = table.problems()
    except InputError as error:
        found.append(str(error))
        return 0
    except OSError as error:
        found.append(f"{file}: {error.strerror}; allowed is a CSV file of every set: {', '.join(DATA_SETS)}")
        return 0
    if name == "train":
        in_train.update(problems)
    found += [text for wrong, text in problems.items() if name != "baseline" or wrong not in in_train]
    if not problems and not count:
        found.append(f"{file}: found no rows; allowed are one or more")
    return 0 if problems else count


def _header_problem(header: list[str], expected: list[str]) -> str:
    """Of a header that has all the expected columns."""
    if further := [name for name in header if name not in expected]:
        return f"found the column {', '.join(further)}; allowed are the target, then the features, and no other column"
    if twice := sorted({name for name in header if header.count(name) > 1}):
        return f"found the column {', '.join(twice)} twice; allowed is once"
    pairs = enumerate(zip(header, expected, strict=True), start=1)
    column, (name, right) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
    return f"column {column}: found {name}, allowed is {right}: the target, then the features in their order"


def _read_description(folder: Path, found: list[str]) -> Mapping[str, Any]:
    """The content of dataset.json; empty, with its problems in `found`, when it is not usable."""
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found.append(f"{DESCRIPTION}: {error}; allowed is what `prepare` returned, as JSON")
        return {}
    problems = [f"{DESCRIPTION}: {problem}" for problem in _description_problems(description)]
    found += problems
    return {} if problems else description


def _description_problems(description: object) -> Iterator[str]:
    if not isinstance(description, Mapping):
        yield f"found {type(description).__name__}; allowed is an object, the content of {DESCRIPTION}"
        return
    kinds = {
        "source": (lambda value: isinstance(value, str), "a text"),
        "synthetic": (lambda value: isinstance(value, bool), "true or false"),
        "rows": (_is_counts, "an object of integers by the names of the sets"),
        "dropped": (_is_counts, "an object of integers by reason"),
    }
    for name, (fits, allowed) in kinds.items():
        if name not in description:
            yield f"{name}: found nothing; allowed is {allowed}"
        elif not fits(description[name]):
            yield f"{name}: found {_cut(repr(description[name]), 100)}; allowed is {allowed}"


def _is_counts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(count, int) and not isinstance(count, bool) for count in value.values()
    )


def _cut(text: str, most: int = _MOST_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
