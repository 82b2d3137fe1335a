"""STS AssumeRoleWithWebIdentity: which tokens of GitHub get a role's credentials, and which are refused."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from harness import REPOSITORY, Cloud
from waiting import until

from mlops.release import templates

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
ACCOUNT = "000000000000"
# In the trust policies of bootstrap.yml: the owner octo with number 65, its repository model with number 74.
JOB = {"repository": "octo/model", "repository_owner_id": "65", "repository_id": "74", "audience": AUDIENCE}
# The workflow of each role, where it is not release.yml.
WORKFLOWS = {"Approval": "approve", "Retrain": "retrain", "Rollback": "rollback", "Destroy": "destroy"}
PROJECT = "trusting"
PURPOSES = ("Release", "Approval", "Retrain", "Rollback", "Destroy", "PullRequest")
BOOTSTRAP = {
    "Project": PROJECT,
    "Model": "model",
    "Owner": "octo",
    "OwnerId": "65",
    "Repository": "model",
    "RepositoryId": "74",
    "PullRequestRole": "true",
}


def trust(provider: str) -> str:
    """A trust policy for a job on main."""
    keys = {"aud": AUDIENCE, "sub": "repo:octo@65/model@74:ref:refs/heads/main"}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"token.actions.githubusercontent.com:{key}": value for key, value in keys.items()}
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def roles(cloud: Cloud) -> dict[str, str]:
    """ARNs of the roles that infra/bootstrap.yml creates, and of another one, in an account with GitHub's provider."""
    iam, cloudformation = cloud.client("iam"), cloud.client("cloudformation")
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=[AUDIENCE])
    cloudformation.create_stack(
        StackName=f"{PROJECT}-bootstrap",
        TemplateBody=templates.compact(REPOSITORY / "infra" / "bootstrap.yml"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in BOOTSTRAP.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )

    def made() -> dict | None:
        [stack] = cloudformation.describe_stacks(StackName=f"{PROJECT}-bootstrap")["Stacks"]
        assert stack["StackStatus"].startswith("CREATE_"), stack
        return stack if stack["StackStatus"] == "CREATE_COMPLETE" else None

    outputs = {each["OutputKey"]: each["OutputValue"] for each in until(made)["Outputs"]}
    arns = {purpose: outputs[f"{purpose}RoleArn"] for purpose in PURPOSES}
    other = iam.create_role(RoleName="OtherProvider", AssumeRolePolicyDocument=trust("gitlab.example.org"))
    return {**arns, "OtherProvider": other["Role"]["Arn"]}


@pytest.fixture(scope="module")
def sts(cloud: Cloud) -> BaseClient:
    return boto3.client(
        "sts", endpoint_url=cloud.endpoint_url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )


@pytest.fixture(scope="module")
def issue(cloud: Cloud) -> Callable[..., str]:
    """Asks the issuer for a token, as a job on main by default."""

    def ask(**job: str) -> str:
        request = Request(
            f"{cloud.endpoint_url}/_localcloud/github/token?{urlencode({**JOB, **job})}",
            headers={"Authorization": f"bearer {(cloud.directory / 'identity' / 'request-token').read_text()}"},
        )
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    return ask


@pytest.fixture(scope="module")
def forge(cloud: Cloud, issue: Callable[..., str]) -> Callable[..., str]:
    """Signs any claims with the issuer's key, read from the cloud's directory."""
    key = serialization.load_pem_private_key((cloud.directory / "identity" / "issuer.pem").read_bytes(), None)
    genuine = issue()
    kid = jwt.get_unverified_header(genuine)["kid"]
    claims = jwt.decode(genuine, options={"verify_signature": False})

    def sign(*, without: str = "", header: dict | None = None, **changes: Any) -> str:
        signed = {name: value for name, value in {**claims, **changes}.items() if name != without}
        return jwt.encode(signed, key, "RS256", headers={"kid": kid, **(header or {})})

    return sign


def assume(sts: BaseClient, role: str, token: str, **more: Any) -> dict:
    return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="job", WebIdentityToken=token, **more)


@pytest.mark.parametrize("form", ["old", "new"])
@pytest.mark.parametrize(
    ("role", "job"),
    [
        ("Release", {}),
        ("Approval", {"environment": "production"}),
        ("Retrain", {"environment": "retrain", "event_name": "schedule"}),
        ("Rollback", {"environment": "rollback", "event_name": "workflow_dispatch"}),
        ("Destroy", {"environment": "destroy", "event_name": "workflow_dispatch"}),
        ("PullRequest", {"event_name": "pull_request", "ref": "refs/pull/7/merge"}),
    ],
)
def test_a_job_gets_the_role_that_is_meant_for_it(sts, roles, issue, role, job, form) -> None:
    answer = assume(sts, roles[role], issue(**job, workflow=WORKFLOWS.get(role, "release"), subject=form))
    name = roles[role].rpartition("/")[2]
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/job"


@pytest.mark.parametrize(
    ("role", "job"),
    [
        ("Release", {}),
        ("Approval", {"environment": "production"}),
        ("Retrain", {"environment": "retrain"}),
        ("Rollback", {"environment": "rollback"}),
        ("Destroy", {"environment": "destroy"}),
    ],
)
def test_another_workflow_on_main_does_not_get_a_role(sts, roles, issue, role, job) -> None:
    assert refusal(sts, roles[role], issue(**job, workflow="labels")) == "AccessDenied"


def test_a_workflow_of_another_repository_does_not_get_a_role(sts, roles, forge) -> None:
    foreign = "evil/model/.github/workflows/release.yml@refs/heads/main"
    assert refusal(sts, roles["Release"], forge(job_workflow_ref=foreign)) == "AccessDenied"


# Tokens that GitHub would really issue, but for another repository or environment.
OF_OTHERS = {
    "another owner": {"repository": "evil/model", "repository_owner_id": "66"},
    "another owner with the same repository id": {"repository": "evil/model", "repository_id": "74"},
    "another repository of the owner": {"repository": "octo/other", "repository_id": "75"},
    "an owner who has taken the name": {"repository_owner_id": "6666", "repository_id": "7474"},
    "a repository that has taken the name": {"repository_id": "7474"},
    "a repository whose name goes on": {"repository": "octo/model-evil", "repository_id": "76"},
    "a repository whose name begins earlier": {"repository": "octo/my-model", "repository_id": "77"},
    "an owner whose name goes on": {"repository": "octopus/model", "repository_owner_id": "67"},
    "capitals in the owner's name": {"repository": "Octo/model"},
    "capitals in the repository's name": {"repository": "octo/Model"},
    "another branch": {"ref": "refs/heads/feature"},
    "a branch whose name goes on": {"ref": "refs/heads/main-2"},
    "a branch below main": {"ref": "refs/heads/main/x"},
    "a tag": {"ref": "refs/tags/v1"},
    "a tag called main": {"ref": "refs/tags/main"},
    "an environment, when a branch is required": {"environment": "production"},
    "an own pull request": {"event_name": "pull_request", "ref": "refs/pull/7/merge"},
    "a pull request of a fork": {
        "event_name": "pull_request",
        "repository": "fork/model",
        "repository_owner_id": "99",
        "repository_id": "98",
    },
    "a wildcard as branch": {"ref": "refs/heads/*"},
    "a wildcard as repository": {"repository": "octo/*", "repository_id": "*"},
}


@pytest.mark.parametrize("form", ["old", "new"])
@pytest.mark.parametrize("job", OF_OTHERS.values(), ids=OF_OTHERS)
def test_token_of_another_repository_is_not_authorized(sts, roles, issue, job, form) -> None:
    assert refusal(sts, roles["Release"], issue(**job, subject=form)) == "AccessDenied"


@pytest.mark.parametrize(
    ("role", "job"),
    [
        ("Approval", {}),
        ("Approval", {"environment": "staging"}),
        ("Approval", {"environment": "Production"}),
        ("Approval", {"environment": "production-2"}),
        ("Approval", {"environment": "retrain"}),
        ("Retrain", {"environment": "production"}),
        ("Rollback", {"environment": "destroy"}),
        ("Destroy", {"environment": "rollback"}),
        ("Destroy", {}),
        ("PullRequest", {}),
        ("OtherProvider", {}),
    ],
)
def test_a_job_does_not_get_the_role_of_another_purpose(sts, roles, issue, role, job) -> None:
    assert refusal(sts, roles[role], issue(**job, workflow=WORKFLOWS.get(role, "release"))) == "AccessDenied"


@pytest.mark.parametrize("form", ["old", "new"])
@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/heads/main-2", "refs/tags/main", "refs/pull/7/merge"])
@pytest.mark.parametrize(
    ("role", "environment"),
    [("Approval", "production"), ("Retrain", "retrain"), ("Rollback", "rollback"), ("Destroy", "destroy")],
)
def test_an_environment_is_not_enough_where_the_branch_is_not_main(
    sts, roles, issue, role, environment, ref, form
) -> None:
    token = issue(environment=environment, ref=ref, workflow=WORKFLOWS[role], subject=form)
    assert refusal(sts, roles[role], token) == "AccessDenied"


def test_the_old_subject_of_a_renamed_repository_is_not_authorized(sts, roles, issue) -> None:
    assert refusal(sts, roles["Release"], issue(repository="octo/model-before", subject="old")) == "AccessDenied"


NOW = int(time.time())
# Signed by the issuer's key, but not valid now.
FORGED = {
    "another audience": ({"aud": "https://github.com/octo"}, "InvalidIdentityToken"),
    "an audience that goes on": ({"aud": "sts.amazonaws.com.evil.example"}, "InvalidIdentityToken"),
    "several audiences without ours": ({"aud": ["vault", "pypi"]}, "InvalidIdentityToken"),
    "no audience": ({"without": "aud"}, "InvalidIdentityToken"),
    "another issuer": ({"iss": "https://gitlab.com"}, "InvalidIdentityToken"),
    "an issuer with a path": ({"iss": f"{ISSUER}/octo"}, "InvalidIdentityToken"),
    "an issuer with a slash": ({"iss": f"{ISSUER}/"}, "InvalidIdentityToken"),
    "an issuer without encryption": ({"iss": ISSUER.replace("https", "http")}, "InvalidIdentityToken"),
    "no issuer": ({"without": "iss"}, "InvalidIdentityToken"),
    "expired": ({"exp": NOW - 60, "iat": NOW - 360, "nbf": NOW - 360}, "ExpiredTokenException"),
    "no expiry": ({"without": "exp"}, "InvalidIdentityToken"),
    "not yet valid": ({"nbf": NOW + 3600}, "InvalidIdentityToken"),
    "issued in the future": ({"iat": NOW + 3600}, "InvalidIdentityToken"),
    "no subject": ({"without": "sub"}, "InvalidIdentityToken"),
    "a wildcard as subject": ({"sub": "repo:octo/*:ref:refs/heads/main"}, "AccessDenied"),
    "an empty subject": ({"sub": ""}, "AccessDenied"),
    "an unknown key": ({"header": {"kid": "another"}}, "InvalidIdentityToken"),
}


@pytest.mark.parametrize(("changes", "code"), FORGED.values(), ids=FORGED)
def test_a_token_with_wrong_claims_is_refused(sts, roles, forge, changes, code) -> None:
    assert refusal(sts, roles["Release"], forge(**changes)) == code


def encoded(part: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed_by_another_key(token: str) -> str:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, stranger, "RS256", headers={"kid": jwt.get_unverified_header(token)["kid"]})


def without_signature(token: str) -> str:
    _, claims, _ = token.split(".")
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{claims}."


def with_another_algorithm(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, "the public key as a secret, long enough for HS256", "HS256", headers={"kid": "x"})


def with_other_claims(token: str) -> str:
    header, _, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    return f"{header}.{encoded({**claims, 'ref': 'refs/heads/other'})}.{signature}"


def with_a_bit_flipped(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


BROKEN = {
    "signed by another key under our key's id": signed_by_another_key,
    "the algorithm none": without_signature,
    "a symmetric algorithm": with_another_algorithm,
    "claims changed after signing": with_other_claims,
    "a signature with a bit flipped": with_a_bit_flipped,
    "cut off": lambda token: token[:-40],
    "without its signature": lambda token: token.rpartition(".")[0],
    "no token at all": lambda token: "not-a-token",
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_a_token_that_the_issuer_did_not_sign_is_refused(sts, roles, issue, spoil) -> None:
    assert refusal(sts, roles["Release"], spoil(issue())) == "InvalidIdentityToken"


def test_a_role_of_an_account_without_the_provider_is_refused(sts, issue) -> None:
    assert refusal(sts, "arn:aws:iam::111111111111:role/release", issue()) == "InvalidIdentityToken"


def test_a_role_that_does_not_exist_is_refused(sts, roles, issue) -> None:
    assert refusal(sts, f"arn:aws:iam::{ACCOUNT}:role/nothing", issue()) == "AccessDenied"


@pytest.mark.parametrize("seconds", [21601, 43200])
def test_a_session_longer_than_the_role_allows_is_refused(sts, roles, issue, seconds) -> None:
    assert refusal(sts, roles["Release"], issue(), DurationSeconds=seconds) == "ValidationError"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "bearer guessed"}, {"Authorization": "bearer "}])
def test_the_issuer_answers_only_jobs_that_show_their_bearer_token(cloud: Cloud, headers: dict[str, str]) -> None:
    with pytest.raises(OSError, match="401"):
        urlopen(
            Request(f"{cloud.endpoint_url}/_localcloud/github/token?audience={AUDIENCE}", headers=headers), timeout=60
        )


def test_the_issuers_documents_verify_its_tokens(cloud: Cloud, issue) -> None:
    with urlopen(f"{cloud.endpoint_url}/_localcloud/github/.well-known/openid-configuration", timeout=60) as answer:
        assert json.load(answer)["issuer"] == ISSUER
    keys = jwt.PyJWKClient(f"{cloud.endpoint_url}/_localcloud/github/.well-known/jwks")
    token = issue(environment="production")
    claims = jwt.decode(token, keys.get_signing_key_from_jwt(token).key, ["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert claims["environment"] == "production"
    assert claims["exp"] - claims["iat"] == 300


@pytest.fixture
def session(cloud: Cloud, sts, roles, issue) -> Callable[[str], BaseClient]:
    credentials = assume(sts, roles["Release"], issue())["Credentials"]
    return lambda service: cloud.client(service, credentials)


def test_the_session_has_only_the_permissions_of_its_role(session) -> None:
    with pytest.raises(ClientError, match="PipelineNotFound"):
        session("codepipeline").list_pipeline_executions(pipelineName=PROJECT)
    with pytest.raises(ClientError) as denied:
        session("sagemaker").list_endpoints()
    assert f"assumed-role/{PROJECT}-github-release/job is not authorized to perform: sagemaker:ListEndpoints" in str(
        denied.value
    )


def refusal(sts: BaseClient, role: str, token: str, **more: Any) -> str:
    """The code with which STS refuses a token."""
    with pytest.raises(ClientError) as error:
        assume(sts, role, token, **more)
    return error.value.response["Error"]["Code"]
