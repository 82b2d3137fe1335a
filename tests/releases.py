"""A release as the pipeline's Build stage knows it."""

from __future__ import annotations

from mlops.rendering import Release

ACCOUNT = "123456789012"
RELEASE = Release(
    execution_id="1a2b3c4d-1111-2222-3333-444455556666",
    commit_id="5f3c9a1",
    data_version="3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH",
    image=f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/taxi-fares@sha256:{'a' * 64}",
    bucket=f"taxi-fares-{ACCOUNT}-eu-west-1",
    key_arn=f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    training_role_arn=f"arn:aws:iam::{ACCOUNT}:role/training",
    processing_role_arn=f"arn:aws:iam::{ACCOUNT}:role/processing",
    endpoint_role_arn=f"arn:aws:iam::{ACCOUNT}:role/endpoint",
)
LINEAGE = {
    "project": "taxi-fares",
    "model": "total-amount",
    "execution": "1a2b3c4d-1111-2222-3333-444455556666",
    "commit": "5f3c9a1",
    "data-version": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH",
}
