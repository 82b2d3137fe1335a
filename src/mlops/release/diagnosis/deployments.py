"""Checks of the stacks: their states, the permissions boundaries, the image that production serves from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlops import images
from mlops.aws import stacks
from mlops.aws.session import AWSError
from mlops.errors import InputError
from mlops.release import templates
from mlops.release.destruction_plan import STACKS
from mlops.release.diagnosis import bootstrapped
from mlops.release.diagnosis.findings import Result, Results, ok, problem, unknown
from mlops.release.repository import Repository

_OF_RELEASES = ("test", "production")
# In the order of their deployment.
_OF_DEPLOY = tuple(each for each in reversed(STACKS) if each not in _OF_RELEASES)
_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html, container support
_MOST_SERVERLESS_BYTES = 10 * 1024**3
_IMAGE_CODES = {"ImageNotFoundException", "RepositoryNotFoundException"}


def states(repository: Repository) -> Results:
    """Every stack is deployed, and none is in a state from which it cannot be updated."""
    uses_api = repository.configuration.production.clients_call == "api"
    for template in (*bootstrapped.STACKS, *_OF_DEPLOY, *_OF_RELEASES):
        name = repository.names.stack(template)
        found = stacks.describe(repository.session, name)
        if found is not None:
            yield _state(template, name, found["StackStatus"])
        elif template in _OF_DEPLOY and (uses_api or template != "api"):
            yield problem(f"There is no stack {name}.", "Run: mlops deploy")


def current(repository: Repository) -> Results:
    """The stacks that only a person deploys have the templates of this checkout."""
    for template in bootstrapped.STACKS:
        name, file = repository.names.stack(template), repository.root / "infra" / f"{template}.yml"
        if stacks.describe(repository.session, name) is None:
            yield bootstrapped.missing(repository, f"There is no stack {name}.", "Run: mlops bootstrap")
        elif _deployed_template(repository, name) == _own_template(file):
            yield ok(f"{name} has the template infra/{template}.yml")
        else:
            yield problem(f"{name} has another template than infra/{template}.yml.", "Run: mlops bootstrap")


def bounded(repository: Repository) -> Results:
    """The roles of the pipeline's stacks have the permissions boundaries."""
    boundaries = stacks.outputs(repository.session, repository.names.stack("boundaries"))
    if not boundaries:
        yield bootstrapped.missing(
            repository, "There are no permissions boundaries for the roles of the stacks.", "Run: mlops bootstrap"
        )
        return
    for template in _OF_DEPLOY:
        name = repository.names.stack(template)
        expected = boundaries.get(f"{template.capitalize()}BoundaryArn")
        found = stacks.parameters(repository.session, name).get("PermissionsBoundary")
        if expected is None or found is None:
            continue
        if found == expected:
            yield ok(f"the roles of {name} are bounded")
        else:
            yield problem(f"The roles of {name} have {found or 'no'} boundary, not {expected}.", "Run: mlops deploy")


def image(repository: Repository) -> Results:
    """The image of the configuration, or the one that production serves from, can be pulled."""
    uri = stacks.parameters(repository.session, repository.names.stack("production")).get("Image")
    if uri:
        yield _image(repository, uri, "Production can't start instances: release again (mlops start).")
    else:
        yield ok("nothing is in production yet")
    prebuilt = repository.configuration.image
    if prebuilt is None:
        yield ok("the image is built from the Dockerfile")
        return
    try:
        resources = repository.configuration.training_job["ResourceConfig"]
        instance_type = resources.get("InstanceType") or resources["InstanceGroups"][0]["InstanceType"]
        resolved = images.resolve(prebuilt, repository.project.region, instance_type)
    except InputError as error:
        yield problem(error.message, "; ".join(str(each) for each in error.problems))
        return
    yield _image(
        repository, resolved, "Correct AlgorithmSpecification.TrainingImage in configuration/trainingjob.json."
    )


def _state(template: str, name: str, status: str) -> Result:
    deploying = {"boundaries": "mlops bootstrap", "bootstrap": "mlops bootstrap"}.get(template, "mlops deploy")
    if status in _GOOD:
        return ok(f"{name} is in {status}")
    if status.endswith("_IN_PROGRESS"):
        return ok(f"{name} is being changed ({status})")
    events = f"aws cloudformation describe-stack-events --stack-name {name}"
    if status == "UPDATE_ROLLBACK_COMPLETE" and template in _OF_RELEASES:
        return ok(f"{name} is in {status}: the last release was taken back, the one before serves")
    if status == "UPDATE_ROLLBACK_FAILED":
        remedy = f"aws cloudformation continue-update-rollback --stack-name {name}"
    elif template in _OF_RELEASES:
        remedy = f"{events} has the reason; then release again (mlops start)."
    else:
        remedy = f"{events} has the reason; then run: {deploying}"
    return problem(f"{name} is in {status}.", remedy)


def _own_template(file: Path) -> Any:
    return json.loads(templates.compact(file))


def _deployed_template(repository: Repository, stack: str) -> Any:
    body = repository.session.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    return json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))


def _image(repository: Repository, uri: str, remedy: str) -> Result:
    parts = images.parts(uri)
    if parts.region != repository.session.region:
        return unknown(f"{uri} is in another region, {parts.region}.")
    try:
        found = repository.session.client("ecr").describe_images(
            registryId=parts.account, repositoryName=parts.repository, imageIds=[parts.image_id]
        )
    except AWSError as error:
        if error.code in _IMAGE_CODES:
            return problem(f"There is no image {uri}.", remedy)
        if error.is_denied:
            return unknown(f"{uri}: {error}")
        raise
    if not found["imageDetails"]:
        return problem(f"There is no image {uri}.", remedy)
    size = found["imageDetails"][0].get("imageSizeInBytes", 0)
    if _is_serverless(repository) and size > _MOST_SERVERLESS_BYTES:
        return problem(
            f"{uri} has {size / 1e9:.1f} GB, compressed; a serverless endpoint takes an image of up to 10 GB.",
            "Install less in the Dockerfile, or use instances in place of ServerlessConfig.",
        )
    return ok(f"{uri} exists")


def _is_serverless(repository: Repository) -> bool:
    configuration = repository.configuration
    return bool(configuration.test.ServerlessConfig or configuration.production.ServerlessConfig)
