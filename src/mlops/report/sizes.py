"""The sizes of a release's image and model archive."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from mlops.aws.session import AWSError, Session
from mlops.report import objects

NOTHING: dict[str, Any] = {"sizes": {"image": None, "model": None}}

_IN_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^@:]+)"
    r"(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def collect(session: Session, release: dict[str, Any]) -> dict[str, Any]:
    """`sizes` of the document, in bytes; None for what is unknown."""
    image, model = release["image"], release["model_data"]
    bucket, _, key = (model or "").removeprefix("s3://").partition("/")
    return {
        "sizes": {
            "image": _image(session, image) if image else None,
            "model": objects.size(session, bucket, key) if key else None,
        }
    }


def _image(session: Session, uri: str) -> int | None:
    """The compressed layers that a machine pulls; None for an image of another place, or one without layers.

    The local cloud builds no layers.
    """
    named = _IN_ECR.fullmatch(uri)
    if named is None or (named["account"], named["region"]) != (session.account, session.region):
        return None
    image = {"imageDigest": named["digest"]} if named["digest"] else {"imageTag": named["tag"] or "latest"}
    try:
        return _pulled(session, named["repository"], [image])
    except AWSError:
        # The image has expired, or the caller may not read it.
        return None


def _pulled(session: Session, repository: str, images: Sequence[dict[str, str]]) -> int | None:
    """The largest of the images; an index has one for each platform."""
    found = session.client("ecr").batch_get_image(repositoryName=repository, imageIds=list(images))["images"]
    sizes = []
    for manifest in (json.loads(each["imageManifest"]) for each in found):
        if "manifests" in manifest:
            parts = [{"imageDigest": each["digest"]} for each in manifest["manifests"]]
            sizes.append(_pulled(session, repository, parts))
        elif manifest.get("layers"):
            sizes.append(manifest["config"]["size"] + sum(layer["size"] for layer in manifest["layers"]))
    return max((size for size in sizes if size is not None), default=None)
