"""The permissions that SageMaker's documentation requires of containers' roles."""

import pytest
from granting import is_allowed, role_statements
from resolving import like


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"])
@pytest.mark.parametrize("role", ["TrainingRole", "ProcessingRole"])
def test_a_job_may_encrypt_its_output_with_the_key_of_its_request(role: str, action: str) -> None:
    """Amazon SageMaker API Reference, OutputDataConfig: "the SageMaker execution role must include permissions to call
    kms:Encrypt". S3 requires kms:GenerateDataKey, and for kms:Decrypt of a large object's parts."""
    assert is_allowed(role_statements("jobs", role, side=1), action, like("Key"), {})
