"""The longest accepted answers keep every name within AWS's limits."""

import pre_gen_project as hook
import pytest
from baking import GENERATED
from cfnlint.decode import decode

from mlops.names import Names

PROJECT, MODEL, REGION = "p" * hook.LONGEST_PROJECT, "m" * hook.LONGEST_MODEL, "ap-southeast-1"
EXECUTION = "12345678-1234-1234-1234-123456789012"


@pytest.fixture
def names() -> Names:
    return Names(project=PROJECT, model=MODEL)


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        pytest.param(63, lambda names: names.bucket("123456789012", REGION), id="bucket"),
        pytest.param(32, lambda names: names.job(EXECUTION), id="tuning job"),
        pytest.param(63, lambda names: names.processing_job(EXECUTION, "evaluate"), id="processing job"),
        pytest.param(63, lambda names: names.endpoint("production"), id="endpoint"),
        pytest.param(63, lambda names: names.model_package_group, id="model package group"),
        pytest.param(100, lambda names: names.pipeline, id="pipeline"),
        pytest.param(128, lambda names: names.stack("production"), id="stack"),
    ],
)
def test_the_longest_answers_fit(names: Names, limit: int, name) -> None:
    assert len(name(names)) <= limit


# IAM and EventBridge allow 64 characters. CloudFormation generates stack-resource-suffix, and truncates the stack's name
# when it and the resource's have more than 50 together; policies would then not match.
@pytest.mark.parametrize(
    ("stack", "kind"),
    [
        ("api", "AWS::IAM::Role"),
        ("endpoints", "AWS::Events::Rule"),
        ("notifications", "AWS::Events::Rule"),
        ("monitoring", "AWS::Events::Rule"),
    ],
)
def test_generated_names_that_policies_match_are_not_truncated(names: Names, stack: str, kind: str) -> None:
    template, _ = decode(str(GENERATED / "infra" / f"{stack}.yml"))
    made = [name for name, resource in template["Resources"].items() if resource["Type"] == kind]
    assert made
    assert [name for name in made if len(names.stack(stack)) + len(name) > 50] == []


def test_a_region_of_every_partition_is_accepted() -> None:
    import botocore.session

    session = botocore.session.get_session()
    for partition in ("aws", "aws-us-gov", "aws-cn"):
        for region in session.get_available_regions("sagemaker", partition):
            assert hook.region(region) is None, region
