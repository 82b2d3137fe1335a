"""AWS's regions."""

from __future__ import annotations

from botocore.loaders import create_loader


def known() -> list[str]:
    """The codes of the regions of all partitions, as the installed botocore has them. Reads no profile."""
    partitions = create_loader().load_data("endpoints")["partitions"]
    return sorted(region for partition in partitions for region in partition["regions"])
