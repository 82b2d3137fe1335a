"""Images that trainingjob.json may name instead of having one built."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from mlops import images
from mlops.errors import InputError

URI = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"


@pytest.fixture
def sdk(monkeypatch) -> SimpleNamespace:
    """sagemaker-core's look-up, which is not installed unless someone uses a shorthand."""
    images = SimpleNamespace(retrieve=lambda framework, region, **_: f"{framework}/{region}")
    core = ModuleType("sagemaker.core")
    core.image_uris = images
    monkeypatch.setitem(sys.modules, "sagemaker", ModuleType("sagemaker"))
    monkeypatch.setitem(sys.modules, "sagemaker.core", core)
    return images


@pytest.mark.parametrize(
    "uri",
    [
        URI,
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/forecast@sha256:" + "0" * 64,
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/forecast:v1.2",
    ],
)
def test_an_uri_in_ecr_is_used_as_it_is(uri):
    assert images.resolve(uri, "eu-west-1", "ml.m5.xlarge") == uri


@pytest.mark.parametrize("image", ["python:3.13/x", "docker.io/library/python:3.13", "forecast", URI.split(":")[0]])
def test_an_image_that_is_neither_an_ecr_uri_nor_a_shorthand_is_refused(image):
    with pytest.raises(InputError, match="TrainingImage"):
        images.resolve(image, "eu-west-1", "ml.m5.xlarge")


def test_a_shorthand_without_the_sdk_names_the_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "sagemaker", None)
    with pytest.raises(InputError, match="pip install sagemaker-core"):
        images.resolve("xgboost:3.0-5", "eu-west-1", "ml.m5.xlarge")


def test_a_shorthand_is_looked_up_for_the_region(sdk):
    sdk.retrieve = lambda framework, region, *, version, instance_type, image_scope: (
        URI if (framework, region, version, instance_type) == ("xgboost", "eu-west-1", "3.0-5", "ml.m5.xlarge") else ""
    )
    assert images.resolve("xgboost:3.0-5", "eu-west-1", "ml.m5.xlarge") == URI


def test_a_framework_with_two_images_is_refused(sdk):
    sdk.retrieve = lambda framework, region, *, image_scope, **_: f"{framework}-{image_scope}"
    with pytest.raises(InputError, match="trains and serves"):
        images.resolve("pytorch:2.5", "eu-west-1", "ml.m5.xlarge")


def test_an_unknown_version_is_refused_with_the_reason(sdk):
    def retrieve(*_, **__):
        raise ValueError("Unsupported xgboost version: 9. Supported: 3.0-5")

    sdk.retrieve = retrieve
    with pytest.raises(InputError, match=r"Supported: 3\.0-5"):
        images.resolve("xgboost:9", "eu-west-1", "ml.m5.xlarge")


def test_an_unknown_framework_is_refused_with_the_likely_name(sdk):
    def retrieve(*_, **__):
        raise FileNotFoundError("xgbost.json")

    sdk.retrieve = retrieve
    sdk.list_frameworks = lambda: ["pytorch", "xgboost"]
    with pytest.raises(InputError, match=r"did you mean xgboost\?"):
        images.resolve("xgbost:3.0-5", "eu-west-1", "ml.m5.xlarge")


def test_the_repository_of_an_image_is_named_for_the_roles_that_pull_it():
    assert images.repository_arn(URI, "aws") == "arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-xgboost"


@pytest.mark.parametrize(
    ("suffix", "image_id"),
    [(":1.7-1", {"imageTag": "1.7-1"}), (f"@sha256:{'0' * 64}", {"imageDigest": f"sha256:{'0' * 64}"})],
    ids=["tag", "digest"],
)
def test_the_parts_of_a_uri_are_those_of_requests_to_ecr(suffix: str, image_id: dict[str, str]) -> None:
    parts = images.parts(f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/xgboost{suffix}")
    assert (parts.account, parts.region, parts.repository) == ("123456789012", "eu-west-1", "team/xgboost")
    assert parts.image_id == image_id


def test_a_shorthand_has_no_parts_in_ecr() -> None:
    with pytest.raises(InputError, match="an image in ECR"):
        images.parts("xgboost:1.7-1")
