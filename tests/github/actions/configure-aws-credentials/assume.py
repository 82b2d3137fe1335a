"""Gets a token from the issuer and credentials from STS, and exports the credentials to the job's later steps."""

import json
import os
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import boto3
from botocore import UNSIGNED
from botocore.config import Config

# act supports neither environments nor the paths of called workflows: the tests pass both on, by job.
jobs = json.loads(os.environ["STANDIN_JOBS"])
claims = {
    **json.loads(os.environ["STANDIN_CLAIMS"]),
    "audience": "sts.amazonaws.com",
    "ref": os.environ["GITHUB_REF"],
    "event_name": os.environ["GITHUB_EVENT_NAME"],
    "sha": os.environ["GITHUB_SHA"],
    **jobs[os.environ["GITHUB_JOB"]],
}
request = Request(
    f"{os.environ['ACTIONS_ID_TOKEN_REQUEST_URL']}?{urlencode(claims)}",
    headers={"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
)
with urlopen(request, timeout=60) as answer:
    token = json.load(answer)["value"]
sts = boto3.client("sts", region_name=os.environ["AWS_REGION"], config=Config(signature_version=UNSIGNED))
credentials = sts.assume_role_with_web_identity(
    RoleArn=os.environ["ROLE"],
    RoleSessionName=os.environ["SESSION"],
    WebIdentityToken=token,
    DurationSeconds=int(os.environ["DURATION_SECONDS"]),
)["Credentials"]
found = {
    "AWS_REGION": os.environ["AWS_REGION"],
    "AWS_DEFAULT_REGION": os.environ["AWS_REGION"],
    "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
    "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
    "AWS_SESSION_TOKEN": credentials["SessionToken"],
}
secrets = [token, credentials["SecretAccessKey"], credentials["SessionToken"]]
for secret in secrets[1:]:
    print(f"::add-mask::{secret}")
# A test searches all logs and artifacts for these secrets.
with open(os.environ["STANDIN_SECRETS"], "a", encoding="utf-8") as file:
    file.writelines(f"{secret}\n" for secret in secrets)
with open(os.environ["GITHUB_ENV"], "a", encoding="utf-8") as file:
    file.writelines(f"{name}={value}\n" for name, value in found.items())
