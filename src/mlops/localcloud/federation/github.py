"""A simulation of GitHub's token issuer: the tokens that a workflow's job gets.

Source: GitHub Docs, "OpenID Connect reference" (claims, subjects). Repositories that were created, renamed or moved
since 15 July 2026 have the ids of owner and repository in their subject.
"""

import secrets
import time
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from mlops.localcloud import context

ISSUER = "https://token.actions.githubusercontent.com"
ALGORITHM = "RS256"
# GitHub's tokens live five minutes.
_LIFETIME_SECONDS = 300
_DEFAULTS = {
    "repository": "octo-org/octo-repo",
    "repository_id": "74",
    "repository_owner_id": "65",
    "repository_visibility": "private",
    "ref": "refs/heads/main",
    "event_name": "push",
    "sha": "0" * 40,
    "workflow": "release",
    "actor": "octocat",
    "actor_id": "12",
    "run_id": "1",
    "run_number": "1",
    "run_attempt": "1",
    "head_ref": "",
    "base_ref": "",
    "runner_environment": "github-hosted",
}


def token(query: Mapping[str, str]) -> str:
    """A signed token with the claims of a job. `subject` is old or new (the default); other keys are claims."""
    job = {**_DEFAULTS, **query}
    form = job.pop("subject", "new")
    return sign(claims(job, form))


def claims(job: Mapping[str, str], form: str) -> dict[str, Any]:
    """The claims of a job's token, with the subject in the old or in the new form."""
    owner, _, name = job["repository"].partition("/")
    now = int(time.time())
    repository = (
        f"{owner}/{name}" if form == "old" else f"{owner}@{job['repository_owner_id']}/{name}@{job['repository_id']}"
    )
    workflow = f"{job['repository']}/.github/workflows/{job['workflow']}.yml@{job['ref']}"
    claims = {
        "iss": ISSUER,
        "aud": job.get("audience", f"https://github.com/{owner}"),
        "sub": f"repo:{repository}:{_context(job)}",
        "jti": str(uuid.uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + _LIFETIME_SECONDS,
        "repository_owner": owner,
        "ref_type": "tag" if job["ref"].startswith("refs/tags/") else "branch",
        "workflow_ref": workflow,
        "job_workflow_ref": workflow,
    }
    return claims | {key: value for key, value in job.items() if key != "audience"}


@cache
def request_token() -> str:
    """The bearer token of a job's requests, ACTIONS_ID_TOKEN_REQUEST_TOKEN, kept in the cloud's directory."""
    file = context.directory("identity") / "request-token"
    if not file.exists():
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()


def sign(payload: Mapping[str, Any]) -> str:
    """A token with exactly these claims, signed with the issuer's key."""
    return jwt.encode(dict(payload), _key(), ALGORITHM, headers={"kid": _key_id()})


def public_keys() -> dict[str, Any]:
    """The issuer's public keys as a JSON Web Key Set."""
    key = RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
    return {"keys": [{**key, "kid": _key_id(), "use": "sig", "alg": ALGORITHM}]}


def configuration() -> dict[str, Any]:
    """The discovery document (OpenID Connect Discovery 1.0)."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/.well-known/jwks",
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": sorted(claims(_DEFAULTS, "new")),
    }


def _context(job: Mapping[str, str]) -> str:
    """The last part of the subject: an environment replaces the ref."""
    if job.get("environment"):
        return f"environment:{job['environment']}"
    return "pull_request" if job["event_name"] == "pull_request" else f"ref:{job['ref']}"


def _key_id() -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{ISSUER} {_key().public_key().public_numbers().n}").hex


@cache
def _key() -> rsa.RSAPrivateKey:
    """The issuer's key, generated once for each directory of a cloud."""
    file: Path = context.directory("identity") / "issuer.pem"
    if file.exists():
        private_key = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(private_key, rsa.RSAPrivateKey)
        return private_key
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key
