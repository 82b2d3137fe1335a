"""Checks of the roles of GitHub's workflows, of their variables, and of the protection of their environments."""

from __future__ import annotations

from mlops.aws import stacks
from mlops.aws.session import AWSError
from mlops.errors import MlopsError
from mlops.github import repositories
from mlops.release.bootstrapping import ENVIRONMENTS, REVIEWED
from mlops.release.diagnosis import bootstrapped, trust
from mlops.release.diagnosis.findings import Result, Results, ok, problem, unknown
from mlops.release.repository import Repository

_BOOTSTRAP = "mlops bootstrap --github"
# Partitions in which STS reads more claims of GitHub's tokens than the subject.
_READS_CLAIMS = frozenset({"aws"})


def roles(repository: Repository) -> Results:
    """The account has the roles of the workflows, and each trusts this repository by its ids alone."""
    session, names = repository.session, repository.names
    outputs = stacks.outputs(session, names.stack("bootstrap"))
    arns = {key: arn for key, arn in outputs.items() if key.endswith("RoleArn") and key != "DeploymentRoleArn"}
    if not arns:
        detail = f"There is no stack {names.stack('bootstrap')} with roles for the workflows of GitHub."
        yield bootstrapped.missing(repository, detail, f"Run: {_BOOTSTRAP}")
        return
    project = repository.project
    full_name = f"{project.github_owner}/{project.github_repository}"
    try:
        ids = repositories.identify(full_name, None, None)
    except repositories.Renamed as error:
        yield problem(str(error), f"Then run: {_BOOTSTRAP}")
        return
    except MlopsError as error:
        yield unknown(f"The ids of {full_name} on GitHub are not known: {error}", "gh auth login, then run this again.")
        return
    files = frozenset(path.name for path in (repository.root / ".github" / "workflows").glob("*.yml"))
    own = trust.GitHubRepository(project.github_owner, project.github_repository, ids, files)
    for arn in arns.values():
        yield _role(repository, arn, own)


def _role(repository: Repository, arn: str, own: trust.GitHubRepository) -> Result:
    session, name = repository.session, arn.rpartition("/")[2]
    try:
        role = session.client("iam").get_role(RoleName=name)["Role"]
    except AWSError as error:
        if error.code == "NoSuchEntity":
            stack = repository.names.stack("bootstrap")
            return problem(
                f"The role {name} does not exist any more.",
                f"aws cloudformation delete-stack --stack-name {stack}; then run: {_BOOTSTRAP}",
            )
        if error.is_denied:
            return unknown(f"{name}: {error}")
        raise
    reads_claims = session.partition in _READS_CLAIMS
    faults = trust.faults(role["AssumeRolePolicyDocument"], own, reads_claims=reads_claims)
    if faults:
        return problem(f"The role {name}: {'; '.join(faults)}.", f"Run: {_BOOTSTRAP}")
    return ok(f"{name} trusts {own.full_name} by its ids")


def variables(repository: Repository) -> Results:
    """GitHub's variables name the region and the roles of the account."""
    if bootstrapped.is_optional(repository):
        yield unknown("They name roles for workflows, of which the local cloud has none; on AWS they are compared.")
        return
    outputs = stacks.outputs(repository.session, repository.names.stack("bootstrap"))
    expected = {
        "AWS_REGION": repository.session.region,
        **{
            f"{purpose.upper()}_ROLE_ARN": outputs[f"{purpose}RoleArn"]
            for purpose in ("Release", "Approval", "Retrain", "Rollback", "Destroy")
            if f"{purpose}RoleArn" in outputs
        },
    }
    for key, value in expected.items():
        found = repositories.variable(_full_name(repository), key)
        if found == value:
            yield ok(f"{key} is {value}")
        else:
            yield problem(f"{key} on GitHub is {found or 'not set'}; the account has {value}.", f"Run: {_BOOTSTRAP}")


def environments(repository: Repository) -> Results:
    """Only main deploys to GitHub's environments; administrators cannot skip the review of a release or a deletion."""
    name = _full_name(repository)
    approves_in_aws = repositories.variable(name, "APPROVAL") == "codepipeline"
    for each in ENVIRONMENTS:
        found = repositories.environment(name, each)
        if found is None and approves_in_aws and each == "destroy":
            yield ok("destroy does not exist, as it should where GitHub offers no reviewers")
        elif found is None:
            yield problem(f"There is no environment {each}.", f"Run: {_BOOTSTRAP} --reviewer LOGIN")
        else:
            needs_review = each in REVIEWED and not (approves_in_aws and each == "production")
            yield _protection(each, found, needs_review, f"https://github.com/{name}/settings/environments")


def _protection(name: str, found: repositories.Environment, needs_review: bool, page: str) -> Result:
    faults = []
    if found.open_to_all or (found.names_branches and found.branches != ("main",)):
        branches = ", ".join(found.branches) or ("every branch" if found.open_to_all else "no branch")
        faults.append(f"{branches} may deploy to it, and not main alone")
    if needs_review and not found.has_reviewers:
        faults.append("it has no required reviewers")
    elif needs_review:
        faults += ["authors can approve their own change"] if not found.prevents_self_review else []
        faults += ["administrators can skip the review"] if found.admins_can_bypass else []
    if faults:
        return problem(f"The environment {name}: {'; '.join(faults)}.", f"In the repository's settings: {page}")
    return ok(f"{name} is protected" + (" and reviewed" if needs_review else ""))


def _full_name(repository: Repository) -> str:
    return f"{repository.project.github_owner}/{repository.project.github_repository}"
