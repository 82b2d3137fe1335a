"""The template for model repositories in SageMaker Studio, for the users of a domain."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlencode

import boto3
import click
import studio_package
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from stack import Refused, Stack

STACK = "mlops-studio"
TEMPLATE_KEY = "templates/commit-to-production.yml"

# AWS SageMaker AI Developer Guide, "Using a template from an Amazon S3 bucket".
_LOCATION_TAG = "sagemaker:projectS3TemplatesLocation"
_VISIBLE = urlencode({"sagemaker:studio-visibility": "true"})

_FOLDER = Path(__file__).parent
_RETRIES = Config(retries={"mode": "adaptive", "max_attempts": 10})


def deploy(session: boto3.Session, domain_id: str, *, catalog: bool) -> None:
    """Deploy the stack, upload the template and the code of its function, and point the domain at the templates."""
    if not domain_id.startswith("d-"):
        raise Refused(
            f"The domain {domain_id!r} is no domain's id. Name one: make studio DOMAIN=d-abcdefghijkl. "
            "aws sagemaker list-domains lists those of the region.",
            2,
        )
    source = studio_package.source()
    sagemaker, s3 = session.client("sagemaker"), session.client("s3")
    cloudformation = session.client("cloudformation", config=_RETRIES)
    domain = sagemaker.describe_domain(DomainId=domain_id)
    role_arn = domain["DefaultUserSettings"]["ExecutionRole"]
    bucket = f"mlops-{session.client('sts').get_caller_identity()['Account']}-{session.region_name}-studio"
    location = f"s3://{bucket}/templates/"
    _require_place(sagemaker, domain["DomainArn"], location)

    click.echo(f"Offering {source['template']} at {source['commit'][:8]} in {session.region_name}")
    stack = Stack(cloudformation, STACK, _FOLDER / "studio.yml")
    # Users of other domains keep their permissions.
    known = stack.parameters.get("StudioRoles", "").split(",") if stack.exists else []
    roles = ",".join(sorted({*known, role_arn.rpartition("/")[2]}))
    if not stack.exists:
        click.echo(f"Deploying the stack {STACK}: bucket and roles")
        stack.deploy({"StudioRoles": roles, "Package": "none"})
    package = studio_package.build(source)
    key = f"functions/{hashlib.sha256(package).hexdigest()}.zip"
    _put_once(s3, bucket, key, package)
    click.echo(f"Deploying the stack {STACK}: the function")
    stack.deploy({"StudioRoles": roles, "Package": key})
    body = (_FOLDER / "studio-project.yml").read_bytes()
    s3.put_object(Bucket=bucket, Key=TEMPLATE_KEY, Body=body, ContentType="text/yaml", Tagging=_VISIBLE)
    sagemaker.add_tags(ResourceArn=domain["DomainArn"], Tags=[{"Key": _LOCATION_TAG, "Value": location}])
    for name, value in stack.outputs.items():
        click.echo(f"  {name}: {value}")
    click.echo(
        "In Studio now: Deployments, Projects, Create project, Organization templates, S3 templates. "
        "The role to enter there is LaunchRoleArn."
    )
    if catalog:
        name = f"{STACK}-catalog-{domain_id}"
        click.echo(f"Deploying the stack {name}: the product of Service Catalog")
        product = Stack(cloudformation, name, _FOLDER / "studio-catalog.yml")
        product.deploy({"StudioRoleArn": role_arn, "TemplateVersion": source["commit"]})


def _require_place(sagemaker: BaseClient, domain_arn: str, location: str) -> None:
    """Refuse a domain that has its templates elsewhere."""
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=domain_arn)
    located = next((tag["Value"] for page in pages for tag in page["Tags"] if tag["Key"] == _LOCATION_TAG), location)
    if located != location:
        raise Refused(
            f"The domain has the templates of {located} (its tag {_LOCATION_TAG}), and a domain has one such place. "
            "Remove that tag, then repeat.",
            2,
        )


def _put_once(s3: BaseClient, bucket: str, key: str, body: bytes) -> None:
    """Store an object whose key is the digest of its content."""
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
