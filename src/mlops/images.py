"""Prebuilt images that trainingjob.json may name: a URI in ECR, or a shorthand such as `xgboost:3.0-5`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops import shapes
from mlops.errors import InputError, InputProblem

_ECR_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.]+)"
    r"/(?P<repository>[a-z0-9._/-]+)(:(?P<tag>[A-Za-z0-9._-]+)|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_SHORTHAND = re.compile(r"(?P<framework>[a-z][a-z0-9-]*):(?P<version>[A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True)
class Parts:
    """Where an image in ECR is: account, region, repository, and its tag or digest as requests to ECR name it."""

    account: str
    region: str
    repository: str
    image_id: dict[str, str]


def parts(uri: str) -> Parts:
    """The parts of a URI in ECR. InputError for any other."""
    found = _ECR_URI.fullmatch(uri)
    if found is None:
        raise _wrong(uri, "an image in ECR")
    image_id = {"imageTag": found["tag"]} if found["tag"] else {"imageDigest": found["digest"]}
    return Parts(found["account"], found["region"], found["repository"], image_id)


def is_ecr_uri(image: str) -> bool:
    return _ECR_URI.fullmatch(image) is not None


def is_shorthand(image: str) -> bool:
    return _SHORTHAND.fullmatch(image) is not None


def resolve(image: str, region: str, instance_type: str) -> str:
    """Return the full URI of `image`, which is either such a URI or a shorthand of one of AWS's images.

    Raises InputError when AWS has no such image, and when the SDK that knows them is not installed.
    """
    if is_ecr_uri(image):
        return image
    shorthand = _SHORTHAND.fullmatch(image)
    if shorthand is None:
        raise _wrong(image, "an image in ECR or a shorthand such as xgboost:3.0-5")
    try:
        # 300 MB of packages and 3 s of import, for one look-up: only those who use a shorthand pay for it.
        from sagemaker.core import image_uris
    except ImportError as error:
        allowed = "the full URI, or this shorthand after `pip install sagemaker-core`"
        raise _wrong(image, allowed) from error
    framework, version = shorthand["framework"], shorthand["version"]
    try:
        uris = {
            image_uris.retrieve(framework, region, version=version, instance_type=instance_type, image_scope=scope)
            for scope in ("training", "inference")
        }
    except FileNotFoundError as error:
        known = shapes.closest(framework, image_uris.list_frameworks())
        raise _wrong(image, f"an image of AWS: {known}") from error
    except ValueError as error:
        raise _wrong(image, f"an image of AWS ({error})") from error
    if len(uris) > 1:
        # The same image trains, evaluates and serves here.
        raise _wrong(image, f"an image that trains and serves; {framework} has one for each")
    return uris.pop()


def repository_arn(uri: str, partition: str) -> str:
    """Return the ARN of the ECR repository that holds `uri`, for the roles that pull from it."""
    parts = _ECR_URI.fullmatch(uri)
    if parts is None:
        raise _wrong(uri, "an image in ECR")
    return f"arn:{partition}:ecr:{parts['region']}:{parts['account']}:repository/{parts['repository']}"


def _wrong(image: str, allowed: str) -> InputError:
    key = "AlgorithmSpecification.TrainingImage"
    return InputError(
        "The training image cannot be used:",
        [InputProblem("configuration/trainingjob.json", key, image, allowed)],
    )
