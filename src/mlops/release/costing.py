"""Estimates what the repository costs on AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from mlops import costs, places, team
from mlops.aws import executions, jobs, source
from mlops.aws.executions import SUCCEEDED
from mlops.aws.session import AWSError
from mlops.costs import Estimate, History, Template, pricelist, prices, schedule
from mlops.costs.durations import PastRelease
from mlops.costs.monitoring import Features
from mlops.errors import InputError, MlopsError
from mlops.release import templates
from mlops.release.diagnosis import quotas
from mlops.release.diagnosis.quotas import Need
from mlops.release.repository import Repository
from mlops.rendering.deployment import serverless
from mlops.rendering.production import guards, synthetic_check

_RETRAINING = Path(".github") / "workflows" / "retrain.yml"
# Releases whose times are read, of the newest executions.
_RELEASES, _EXECUTIONS = 5, 30


def estimate_cost(
    repository: Repository, *, table: Path | None = None, refresh: bool = False, region: str | None = None
) -> Estimate:
    """Estimate by the shipped price table, replaced by what AWS's price list gave, and by `table`.

    The prices are those of `region`, by default the repository's. `refresh` reads them in AWS's price list and keeps them
    in .mlops/. The times of past releases are read where there are credentials. InputError where the region has no prices.
    """
    repository.check()
    _require_countable(repository)
    region = region or repository.project.region
    kept = repository.state / "prices.json"
    if refresh:
        _refresh(region, kept)
    tables = [file for file in (kept, table) if file is not None and (file != kept or file.exists())]
    return costs.estimate(
        repository.configuration,
        stack_templates(repository),
        prices.load(region, tables),
        _history(repository),
        _retrainings(repository),
        _features(),
    )


def needed_quotas(repository: Repository) -> list[Need]:
    """The quotas of SageMaker and CodeBuild that releases, monitoring and batches need with this configuration."""
    return quotas.needs(repository.configuration, repository.root / "infra" / "builds.yml")


def cost_of_release(repository: Repository, execution_id: str) -> dict[str, Any]:
    """The `cost` of a report: a day in production, this release by the times of its execution, a release at most.

    Where it is unknown, `reason` is a sentence: the files here are of another commit than the release, or lack something.
    """
    session, names = repository.session, repository.names
    execution = executions.read(session, names.pipeline, execution_id)
    commit, here = execution.variables.get("CommitId"), source.commit_id(repository.root)
    if commit != here:
        return {"reason": f"The release is of commit {commit}, the configuration here of {here}."}
    past = PastRelease(execution, jobs.of_execution(session, names, execution_id))
    kept = repository.state / "prices.json"
    try:
        _require_countable(repository)
        estimate = costs.estimate(
            repository.configuration,
            stack_templates(repository),
            prices.load(repository.project.region, [kept] if kept.exists() else []),
            History([past]),
            _retrainings(repository),
        )
    except (InputError, OSError) as error:
        return {"reason": str(error).splitlines()[0]}
    except (LookupError, NotImplementedError, ValueError, yaml.YAMLError) as error:
        # A release is reported also when templates that a team has changed cannot be priced.
        return {"reason": f"The templates in infra/ cannot be priced: {error!r}"}
    dates = sorted(figure.date for figure in estimate.figures.values())
    return {
        "reason": "",
        "region": estimate.region,
        "dates": [dates[0].isoformat(), dates[-1].isoformat()],
        "day": estimate.day,
        "release": estimate.release,
        "release_at_most": estimate.release_at_most,
        "missing": [str(key) for key in estimate.missing],
    }


def _refresh(region: str, kept: Path) -> None:
    places.require_folder(kept.parent)
    try:
        figures = pricelist.figures(region, datetime.now(UTC).date())
    except AWSError as error:
        raise InputError(
            f"AWS's price list gave no answer. {error}\nIt needs AWS credentials that allow pricing:GetProducts, and "
            "AWS_ENDPOINT_URL unset: the local cloud has no price list."
        ) from error
    if not figures:
        raise InputError(f"AWS's price list has no prices of {region}.")
    with places.writing(kept, places.FILE):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(prices.written(region, figures), encoding="utf-8")


def stack_templates(repository: Repository) -> dict[str, Template]:
    """The templates of all stacks by name, with the parameters that they are deployed with."""
    configuration = repository.configuration
    prefix = configuration.names.stack("")
    deployed = {
        stack.name.removeprefix(prefix): Template(stack.template, stack.parameters)
        for stack in templates.stacks(repository.root, configuration)
    }
    endpoint = (repository.root / "infra" / "endpoint.yml").read_text(encoding="utf-8")
    production = configuration.production
    parameters = guards(production) | serverless(production) | synthetic_check(configuration.monitoring)
    return {**deployed, "production": Template(endpoint, parameters)}


def _history(repository: Repository) -> History:
    """The newest releases; none, with the reason, where AWS does not answer."""
    try:
        session = repository.session
        if session.credentials is None:
            return History(reason="there are no AWS credentials")
        if session.is_local:
            # It runs jobs and builds as processes, without the minutes in which AWS starts instances.
            return History(reason="those of the local cloud are not AWS's (mlops report has them)")
        found = executions.recent(session, repository.names.pipeline, limit=_EXECUTIONS)
        succeeded = [each.id for each in found if each.status == SUCCEEDED][:_RELEASES]
        past = [
            PastRelease(
                executions.read(session, repository.names.pipeline, id_),
                jobs.of_execution(session, repository.names, id_),
            )
            for id_ in succeeded
        ]
        monitored = jobs.monitored(session, repository.names, limit=_RELEASES)
    except MlopsError as error:
        return History(reason=str(error))
    return History(past, "" if past else "no release has succeeded yet", monitored)


def _require_countable(repository: Repository) -> None:
    """InputError for a schedule whose runs in an average month cannot be counted."""
    monitoring = repository.configuration.monitoring
    for key, expression in (("schedule", monitoring.schedule), ("retraining.schedule", monitoring.retraining.schedule)):
        try:
            schedule.runs_of_rule(expression or "rate(1 day)")
        except ValueError as error:
            raise InputError(
                f"configuration/monitoring.yml: {key}: found {expression}, whose cost mlops cost cannot count; allowed "
                "for it: rate(1 hour), or cron(0 6 * * ? *) without L, W, # and years"
            ) from error


def _features() -> Features | None:
    """The model's target and features, where model/features.py can be imported."""
    try:
        return team.features()
    except MlopsError:
        return None


def _retrainings(repository: Repository) -> float:
    """Scheduled retrainings in an average month: by the workflow, and by monitoring.yml."""
    scheduled = repository.configuration.monitoring.retraining.schedule
    return _by_workflow(repository.root) + (schedule.runs_of_rule(scheduled) if scheduled else 0.0)


def _by_workflow(root: Path) -> float:
    """0 without a schedule."""
    file = root / _RETRAINING
    if not file.exists():
        return 0.0
    content: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    # YAML 1.1 reads the key `on` as true, unless it is quoted.
    triggers = content.get(True, content.get("on"))
    scheduled = triggers.get("schedule", []) if isinstance(triggers, dict) else []
    try:
        return sum(schedule.runs_a_month(each["cron"]) for each in scheduled)
    except (ValueError, KeyError) as error:
        raise InputError(f"{_RETRAINING}: schedule: found {error}; allowed: cron expressions of five fields") from error
