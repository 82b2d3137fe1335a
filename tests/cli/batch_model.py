"""A model in production whose container is a script: ten times the distance, or a label."""

import io
import json
import tarfile
from dataclasses import dataclass

from deployed import stack
from pushing import push

from mlops.aws.session import Session
from mlops.names import Names

EXECUTION = "1a2b3c4d-0000-4000-8000-000000000000"
_FEATURES = [
    {"name": "distance", "type": "number", "minimum": 0},
    {"name": "area", "type": "string", "enum": ["north", "south"]},
]
_IMAGE = {
    "Dockerfile": 'FROM python:3.13-slim\nENV PYTHONUNBUFFERED=1\nWORKDIR /opt\nCOPY . ./\nENTRYPOINT ["python", "run.py"]\n',
    "run.py": """
import json, os, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

model = Path(os.environ["SAGEMAKER_BASE_DIR"], "model")
labels = "enum" in json.loads((model / "features.json").read_text())["target"]
waits = json.loads((model / "waits.json").read_text())

def line(row):
    distance, area = row.split(",")
    return "yes,0.75" if labels else f"{10 * float(distance or 0):g}"

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200 if self.path == "/ping" else 404, b"")
    def do_POST(self):
        rows = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        if waits:
            threading.Event().wait()
        if any(row.startswith("13,") for row in rows):
            self.reply(400, b"13 is refused by this model alone")
        else:
            self.reply(200, "".join(line(row) + "\\n" for row in rows).encode())
    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

address = os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer(address, Handler).serve_forever()
""",
}


@dataclass(frozen=True)
class Production:
    """The stack of production and the model for transform jobs, as a release leaves them."""

    session: Session
    names: Names

    @property
    def bucket(self) -> str:
        return self.names.bucket(self.session.account, self.session.region)

    def release(self, *, labels: bool = False, waits: bool = False, model: bool = True) -> None:
        """Put a model into production that answers with numbers or with labels, or never (`waits`)."""
        s3, region = self.session.client("s3"), self.session.region
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        key = f"releases/{EXECUTION}/model.tar.gz"
        s3.put_object(Bucket=self.bucket, Key=key, Body=_archive(labels, waits))
        stack(
            self.session,
            self.names.endpoint_stack("production"),
            ExecutionId=EXECUTION,
            CommitId="5f3c9a1",
            DataVersion="v1",
            ModelDataUrl=f"s3://{self.bucket}/{key}",
            CaptureKeyArn=self.session.client("kms").create_key()["KeyMetadata"]["Arn"],
        )
        if model:
            role = self._role()
            image = push(self.session.client, self.bucket, role, self.names.repository, _IMAGE)
            self.session.client("sagemaker").create_model(
                ModelName=self.names.batch_model(EXECUTION),
                ExecutionRoleArn=role,
                EnableNetworkIsolation=True,
                PrimaryContainer={"Image": image, "ModelDataUrl": f"s3://{self.bucket}/{key}"},
            )

    def _role(self) -> str:
        principals = {"Service": ["sagemaker.amazonaws.com", "codepipeline.amazonaws.com"]}
        trust = {"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}
        allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam, name = self.session.client("iam"), f"{self.names.project}-all"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_policy(allow))
        return role["Arn"]


def _policy(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _archive(labels: bool, waits: bool) -> bytes:
    target = {"name": "paid", "type": "string", "enum": ["no", "yes"]} if labels else {"name": "fare", "type": "number"}
    files = {"features.json": {"target": target, "features": _FEATURES}, "waits.json": waits}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, value in files.items():
            content = json.dumps(value).encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()
