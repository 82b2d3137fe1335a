"""STS AssumeRoleWithWebIdentity: verification of tokens; and GitHub's issuer over HTTP.

Source: AWS STS API Reference, AssumeRoleWithWebIdentity; IAM User Guide, "Available keys for AWS OIDC federation".
"""

import json
import secrets
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import jwt

from mlops.localcloud.federation import github
from mlops.localcloud.ministack import hooks, iam, scope
from mlops.localcloud.protocol import Response, form_parameters

PREFIX = "/_localcloud/github/"

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
# The accepted difference between clocks.
_LEEWAY_SECONDS = 5
# A session of a web identity lasts at most the role's maximum session duration, an hour by default.
_LEAST_SECONDS, _DEFAULT_MAXIMUM_SECONDS = 900, 3600
# The claims of every provider that STS offers to policies, and those of GitHub.
_CLAIMS = (
    "aud", "sub", "amr",
    "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id", "repository_owner_id",
    "workflow",
)  # fmt: skip


class Refused(Exception):
    """A token or a request that STS refuses, with its code and message."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code, self.status = code, status


def install() -> None:
    """Verify tokens before ministack's STS, and pass all of their claims to it."""
    github.request_token()
    hooks.before("sts", _verify)
    iam.verify_web_identities(_provider_and_keys)


def issue(path: str, query: str, headers: dict[str, str]) -> Response:
    """Answer as GitHub's issuer: a token for a job, its discovery document, its keys."""
    content = {"Content-Type": "application/json"}
    match path.removeprefix(PREFIX):
        case ".well-known/openid-configuration":
            return 200, content, json.dumps(github.configuration()).encode()
        case ".well-known/jwks":
            return 200, content, json.dumps(github.public_keys()).encode()
        case "token":
            scheme, _, shown = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not secrets.compare_digest(
                shown.encode(), github.request_token().encode()
            ):
                return 401, content, b'{"message": "A job asks with its bearer token, ACTIONS_ID_TOKEN_REQUEST_TOKEN"}'
            claims = {key: value[0] for key, value in parse_qs(query, keep_blank_values=True).items()}
            return 200, content, json.dumps({"value": github.token(claims)}).encode()
    return 404, content, json.dumps({"message": f"The token issuer has no {path}"}).encode()


def verify(token: str, account: str) -> dict[str, Any]:
    """The claims of a token after verification by an OIDC provider of the account. Raises Refused."""
    issuer = _unverified_issuer(token)
    provider = iam.oidc_provider(account, issuer.removeprefix("https://"))
    if provider is None or not issuer.startswith("https://"):
        raise Refused("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
    if issuer != github.ISSUER:
        raise Refused("InvalidIdentityToken", f"The local cloud has no keys of the issuer {issuer}")
    try:
        return jwt.decode(
            token,
            _key(token),
            algorithms=[github.ALGORITHM],
            audience=provider["ClientIDList"],
            issuer=github.ISSUER,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["iss", "aud", "sub", "exp", "iat"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise Refused(
            "ExpiredTokenException", "Token expired: current date/time must be before the expiration"
        ) from error
    except jwt.InvalidAudienceError as error:
        raise Refused("InvalidIdentityToken", "Incorrect token audience") from error
    except (jwt.ImmatureSignatureError, jwt.MissingRequiredClaimError, jwt.PyJWTError) as error:
        raise Refused("InvalidIdentityToken", f"Couldn't verify the token: {error}") from error


def _verify(headers: dict[str, str], body: bytes, query: dict) -> Response | None:
    request = form_parameters(body, query)
    if request.get("Action") != "AssumeRoleWithWebIdentity":
        return None
    try:
        role_arn, token = _required(request, "RoleArn"), _required(request, "WebIdentityToken")
        account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
        verify(token, account or scope.account())
        _require_duration(role_arn, int(request.get("DurationSeconds", _DEFAULT_MAXIMUM_SECONDS)))
    except Refused as error:
        return refusal(error)
    return None


def _required(request: dict[str, str], name: str) -> str:
    if not request.get(name):
        raise Refused("ValidationError", f"1 validation error detected: Value at '{name}' must not be null")
    return request[name]


def _require_duration(role_arn: str, seconds: int) -> None:
    role = iam.role(role_arn)
    most = int((role or {}).get("MaxSessionDuration") or _DEFAULT_MAXIMUM_SECONDS)
    if seconds < _LEAST_SECONDS or (role is not None and seconds > most):
        raise Refused(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )


def _unverified_issuer(token: str) -> str:
    """The issuer that an unverified token names, to find the provider. No other claim is read before the signature is verified."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss", "")
    except jwt.PyJWTError as error:
        raise Refused("InvalidIdentityToken", f"The ID Token provided is not a valid JWT: {error}") from error
    return issuer if isinstance(issuer, str) else ""


def _key(token: str) -> Any:
    key_id = jwt.get_unverified_header(token).get("kid")
    keys = jwt.PyJWKSet.from_dict(github.public_keys())
    match = next((key for key in keys.keys if key.key_id == key_id), None)
    if match is None:
        raise Refused("InvalidIdentityToken", "No keys found for the token's key id in the provider's JWKS")
    return match.key


def _provider_and_keys(token: str, provider_id: str, role_arn: str) -> tuple[str, dict[str, Any]]:
    """The provider of a verified token, and its claims as condition keys."""
    claims = jwt.decode(token, options={"verify_signature": False})
    host = claims["iss"].removeprefix("https://")
    keys = {f"{host}:{name}": claims[name] for name in _CLAIMS if claims.get(name) is not None}
    return f"arn:aws:iam::{role_arn.split(':')[4]}:oidc-provider/{host}", keys


def refusal(error: Refused) -> Response:
    """The answer of STS to a request that it refuses."""
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{error.code}</Code>'
        f"<Message>{escape(str(error))}</Message></Error><RequestId>00000000-0000-0000-0000-000000000000</RequestId>"
        "</ErrorResponse>"
    )
    return error.status, {"Content-Type": "text/xml"}, body.encode()
