"""The data set of the next release."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlops import places, prepared
from mlops.aws import new_key, objects
from mlops.contract import DataError
from mlops.errors import InputError, printable
from mlops.places import shown
from mlops.progress import from_callback
from mlops.release.events import DatasetPrepared, DataUploaded, Events, long_step
from mlops.release.repository import Repository

_MOST_CHARACTERS = 1000


def prepare_data(repository: Repository, source: str | None = None, output: Path | None = None) -> Events[Path]:
    """Prepare training, validation, test and baseline sets from `source`, without one from the repository's sample.

    Returns the folder: `output`, by default the one that the next release takes. InputError with the reason of `prepare`
    in data/ when the source cannot be used, and with the wrong values when the sets are not what model/features.py allows.
    """
    folder = output or repository.dataset
    places.require_folder(folder)
    options = [*([source] if source else []), *(["--output", str(output)] if output else [])]
    work = _prepared(source, folder, shlex.join(["mlops", "data", "prepare", *options]))
    try:
        # An interruption ends long_step, and has to remove the temporary folder of `work` too.
        with closing(work):
            dataset = yield from long_step(f"Preparing data from {source or 'the sample'}", work)
    except DataError as error:
        # A file that is not a table is quoted as it is.
        message = printable(str(error))
        raise InputError(message if len(message) <= _MOST_CHARACTERS else f"{message[:_MOST_CHARACTERS]}…") from error
    yield DatasetPrepared(folder, dataset["rows"], dataset["dropped"], dataset["synthetic"])
    return folder


def dataset_for(repository: Repository, source: str | None) -> Events[Path]:
    """The folder of the prepared data set that `source` means: itself, or prepared from it; without it the last one.

    It is checked, also when it was checked before: model/features.py may have changed since.
    """
    folder = repository.dataset if source is None else Path(source)
    if (folder / prepared.DESCRIPTION).is_file():
        yield from long_step(
            f"Checking the data in {shown(folder)}",
            _check(folder, f"The data in {shown(folder)} can't be released:", "mlops data prepare"),
        )
        return folder
    return (yield from prepare_data(repository, source))


def _prepared(source: str | None, folder: Path, command: str) -> Generator[str, None, Mapping[str, Any]]:
    """Prepare beside the folder, whose data set is replaced by one that was checked."""
    place = folder.resolve()
    with _beside(place) as new:
        dataset = yield from from_callback(lambda show: prepared.prepare(source, new, show))
        yield from _check(new, f"The prepared data can't be released; {shown(folder)} stays as it was:", command)
        with places.writing(place):
            prepared.move(new, place)
    return dataset


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    with places.writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        # `prepare` may still write in its thread when an interruption removes the folder.
        temporary = TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent, ignore_cleanup_errors=True)
    with temporary as new:
        yield Path(new)


def _check(folder: Path, message: str, command: str) -> Generator[str, None, None]:
    return prepared.check(folder, message, f"Correct `prepare` in data/, or model/features.py. Then run: {command}")


def upload_data(repository: Repository, source: str | None = None) -> Events[str]:
    """Upload a data set, if it has changed, and start no release: a retraining starts where monitoring.yml allows it.

    `source` is a prepared data set, a source for `prepare` in data/, or None for the data set that was prepared last.
    Returns its data version.
    """
    dataset = yield from dataset_for(repository, source)
    version = yield from long_step(
        "Uploading data",
        new_key.call(
            repository.session,
            repository.names.stack("storage"),
            lambda: objects.upload_data(repository.session, repository.bucket, dataset),
        ),
    )
    yield DataUploaded(version)
    return version
