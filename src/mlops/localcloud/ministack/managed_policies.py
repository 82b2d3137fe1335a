"""ministack's IAM: AWS's managed policies, and which policies can be attached."""

import json
from functools import cache
from typing import Any

from mlops.localcloud.errors import AWSError

_MANAGED = "arn:aws:iam::aws:policy"


def add_managed_policies() -> None:
    """Add all of AWS's managed policies: ministack has a few, and others can be attached without effect."""
    from ministack.services import iam

    iam._aws_managed_policies = _Managed(iam._aws_managed_policies)


def require_attachable(arn: str) -> None:
    """Refuse to attach a policy that does not exist."""
    from ministack.services import iam

    if not iam.policy_known(arn):
        raise AWSError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", status=404)


@cache
def managed() -> dict[str, dict]:
    """AWS's managed policies by ARN: Document, DefaultVersionId, Path, CreateDate, UpdateDate."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return {f"{_MANAGED}{each['Path']}{name}": each for name, each in json.loads(aws_managed_policies_data).items()}


class _Managed(dict):
    """Managed policies in ministack's records, each created at its first use."""

    def get(self, arn: str, default: Any = None) -> Any:
        if arn not in self and arn in managed():
            self[arn] = _record(arn)
        return super().get(arn, default)

    def items(self) -> Any:
        for arn in managed():
            self.get(arn)
        return super().items()


def _record(arn: str) -> dict:
    from ministack.services import iam

    policy = managed()[arn]
    record = iam._make_aws_managed_record(
        arn.removeprefix(iam._AWS_MANAGED_POLICY_PREFIX), json.dumps(policy["Document"])
    )
    [version] = record["Versions"].values()
    version |= {"VersionId": policy["DefaultVersionId"]}
    return record | {
        "DefaultVersionId": policy["DefaultVersionId"],
        "Versions": {policy["DefaultVersionId"]: version},
    }
