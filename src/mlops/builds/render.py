"""The pipeline's action Build/Render: unpacks the data and writes the requests of the later stages.

Reads from the environment EXECUTION_ID, DATA_VERSION, TRAINING_IMAGE or else REPOSITORY_URI and IMAGE_DIGEST,
BUCKET, KEY_ARN, TRAINING_ROLE_ARN, PROCESSING_ROLE_ARN, ENDPOINT_ROLE_ARN and CODEBUILD_SRC_DIR_Data; the
pipeline's variables it reads from the execution. Writes training.json, test.json and production.json into the
working directory. Exit code 0 rendered, 1 AWS refused a call, 2 the input is wrong.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from mlops import configuration, rendering
from mlops.aws import checksums, endpoints, functions, logs, model_packages, releases
from mlops.aws.session import Session
from mlops.builds import datasets
from mlops.builds.environment import required
from mlops.configuration import Configuration, overrides
from mlops.errors import InputError, MlopsError
from mlops.rendering import Challenger, Functions, Release, Request, transition

_RETENTION_DAYS = 90
# The pipeline's variables that say what is released; the others say who requested it.
_CONTENT = ("CommitId", "Tune", "HyperParameters")


def main() -> int:
    """Render the release of this pipeline execution."""
    try:
        _run(Path.cwd())
    except MlopsError as error:
        print(error, flush=True)
        return error.exit_code
    return 0


def _run(root: Path) -> None:
    settings = configuration.load(root)
    session = Session(settings.project.region)
    variables = _variables(session, settings.names.pipeline, required("EXECUTION_ID"))
    tune = _flag("Tune", variables["Tune"])
    release = Release(
        execution_id=required("EXECUTION_ID"),
        commit_id=variables["CommitId"],
        data_version=required("DATA_VERSION"),
        image=_image(settings),
        bucket=required("BUCKET"),
        key_arn=required("KEY_ARN"),
        training_role_arn=required("TRAINING_ROLE_ARN"),
        processing_role_arn=required("PROCESSING_ROLE_ARN"),
        endpoint_role_arn=required("ENDPOINT_ROLE_ARN"),
        tune=tune,
        hyperparameters=overrides.parse(settings, variables["HyperParameters"], tune=tune),
        production_model=releases.served_model(session, settings.names),
        functions=_functions(session, root, settings),
        challenger=_challenger(session, settings),
        request={name: value for name, value in variables.items() if name not in _CONTENT},
    )
    if settings.production.clients_call == "api":
        _prepare_log(session, settings, release)
    production = _production(session, settings, release)
    write(root, settings, release, production)
    template = (root / "infra" / "endpoint.yml").read_text(encoding="utf-8")
    record = releases.Record(template, production["Parameters"], production["Tags"])
    releases.write(session, release.bucket, release.execution_id, record)
    location = datasets.upload(session, Path(required("CODEBUILD_SRC_DIR_Data")), release)
    print(f"Data version {release.data_version}: {location}")
    print(f"Image: {release.image}")
    print(f"Model in production: {release.production_model or 'none yet'}")


def write(directory: Path, settings: Configuration, release: Release, production: Request) -> None:
    """Write the input of the state machine and the template configurations of the two endpoint stacks."""
    files = {
        "training.json": rendering.state_machine_input(settings, release),
        "test.json": rendering.endpoint_stack(settings, release, "test"),
        "production.json": production,
    }
    for name, content in files.items():
        (directory / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _production(session: Session, settings: Configuration, release: Release) -> Request:
    """The template configuration of production. InputError when the deployed one cannot be changed to it."""
    rendered = rendering.endpoint_stack(settings, release, "production")
    deployed = releases.deployed(session, settings.names)
    if problems := transition.problems(deployed, rendered["Parameters"]):
        raise InputError("\n".join(["configuration/production.yml can't be released:", *problems]))
    if transition.changes_variants(deployed, rendered["Parameters"]):
        rendered["Parameters"]["Guarded"] = "false"
    return rendered


def _variables(session: Session, pipeline: str, execution_id: str) -> dict[str, str]:
    """The pipeline's variables, as this execution resolved them."""
    response = session.client("codepipeline").get_pipeline_execution(
        pipelineName=pipeline, pipelineExecutionId=execution_id
    )
    variables = response["pipelineExecution"].get("variables", [])
    return {variable["name"]: variable["resolvedValue"] for variable in variables}


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise InputError(f"The pipeline variable {name} is {value!r}; allowed: true, false.")
    return value == "true"


def _image(settings: Configuration) -> str:
    """The URI of the image that trains and serves: a prebuilt one, or the one that Build/Image has pushed."""
    prebuilt = os.environ.get("TRAINING_IMAGE", "")
    if bool(prebuilt) != bool(settings.image):
        state = "names an image" if settings.image else "names no image"
        raise InputError(
            f"configuration/trainingjob.json {state}, but the pipeline was deployed for the opposite. Run: mlops deploy"
        )
    if prebuilt:
        return prebuilt
    return f"{required('REPOSITORY_URI')}@{required('IMAGE_DIGEST')}"


def _functions(session: Session, root: Path, settings: Configuration) -> Functions:
    """Put the code of api/ into the bucket. Empty where clients call SageMaker."""
    if settings.production.clients_call != "api":
        return Functions()
    archive = functions.pack(root)
    version = checksums.put_once(session.client("s3"), required("BUCKET"), archive.key, archive.content)
    return Functions(archive.key, version)


def _challenger(session: Session, settings: Configuration) -> Challenger | None:
    """The second variant's container: the version of the model package group that production.yml names."""
    challenger = settings.production.challenger
    if challenger is None:
        return None
    package = model_packages.read(session, settings.names, challenger.model_package_version)
    return Challenger(package.container, package.execution_id)


def _prepare_log(session: Session, settings: Configuration, release: Release) -> None:
    """Create the endpoint's log group: SageMaker would create it without a retention and without the KMS key."""
    location = endpoints.log_of(settings.names.release_endpoint(release.execution_id))
    logs.create_group(session, location.group, key_arn=release.key_arn, retention_days=_RETENTION_DAYS)


if __name__ == "__main__":
    sys.exit(main())
