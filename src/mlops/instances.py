"""Facts about SageMaker's instance types."""

from __future__ import annotations

import re

# Types with their own NVMe disks: the letter d in general families, most accelerated ones, storage.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html (VolumeKmsKeyId)
_LOCAL_STORAGE = re.compile(r"ml\.([cmr]\d+[a-z]*d[a-z]*|g[4-9]\w*|p3dn|p[4-9][\w-]*|trn\d\w*|dl\d\w*|i\d\w*)\.")


def takes_volume_key(instance_type: str) -> bool:
    """Whether a request may have a VolumeKmsKeyId. SageMaker refuses a key for local storage, which encrypts itself."""
    return _LOCAL_STORAGE.match(instance_type) is None


def is_burstable(instance_type: str) -> bool:
    """Whether the type earns credits for its processors. Application Auto Scaling refuses such variants."""
    return re.match(r"ml\.t\d", instance_type) is not None
