"""Mini-batches: the records of an object, as many to a request as strategy and payload allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_MIB = 1024 * 1024
# Of MaxConcurrentTransforms and MaxPayloadInMB.
MOST_MEGABYTES = 100


class TooLarge(Exception):
    """A record above MaxPayloadInMB. The text is the reason."""


@dataclass(frozen=True)
class Parameters:
    """How requests are made: so many at a time, of at most so many megabytes, of one record or of many."""

    concurrent: int = 1
    megabytes: int = 6
    strategy: str = "MultiRecord"

    @property
    def spoken(self) -> str:
        """The line that SageMaker writes to the log of the data."""
        strategy = "MULTI_RECORD" if self.strategy == "MultiRecord" else "SINGLE_RECORD"
        return f"MaxConcurrentTransforms={self.concurrent}, MaxPayloadInMB={self.megabytes}, BatchStrategy={strategy}"


@dataclass(frozen=True)
class Batch:
    """The records of one request as they were read, and the body that is sent for them."""

    records: list[bytes]
    body: bytes


def batches(records: Iterable[bytes], parameters: Parameters, sent: Callable[[bytes], bytes]) -> Iterator[Batch]:
    """Batches of records in their order. `sent` gives the part of a record that is sent. Raises TooLarge."""
    limit = parameters.megabytes * _MIB
    read: list[bytes] = []
    parts: list[bytes] = []
    size = 0
    for record in records:
        part = sent(record)
        if len(part) > limit:
            raise TooLarge(f"Too much data for max payload size: a record has {len(part)} bytes, the limit is {limit}")
        if read and (size + len(part) > limit or parameters.strategy == "SingleRecord"):
            yield Batch(read, b"".join(parts))
            read, parts, size = [], [], 0
        read.append(record)
        parts.append(part)
        size += len(part)
    if read:
        yield Batch(read, b"".join(parts))
