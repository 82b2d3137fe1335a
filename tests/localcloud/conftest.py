"""One local cloud for the tests of a worker process, with a role and a bucket."""

import json
from collections.abc import Callable, Iterator

import pytest
from botocore.client import BaseClient
from builders import Builders
from delivery import Delivery
from harness import Cloud, start_cloud
from hosting import IMAGE as SERVING_IMAGE
from hosting import Hosting
from lambdas import Lambdas
from pushing import push
from releasing import Stack
from scripts import IMAGE, Scripts
from transforming import Transforms


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that all tests of this worker share; each test uses its own names."""
    running = start_cloud(tmp_path_factory.mktemp("cloud"))
    yield running
    running.process.stdin.close()
    running.process.wait(timeout=120)


@pytest.fixture(scope="session")
def role_arn(cloud: Cloud) -> str:
    """A role that any service may assume and that has all permissions."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": [f"{name}.amazonaws.com" for name in SERVICES]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=json.dumps(allow))
    return role["Arn"]


SERVICES = (
    "apigateway",
    "application-autoscaling",
    "cloudformation",
    "codebuild",
    "codedeploy",
    "codepipeline",
    "events",
    "lambda",
    "sagemaker",
    "states",
)


@pytest.fixture(scope="session")
def bucket(cloud: Cloud) -> str:
    """A versioned bucket."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="test-bucket")
    s3.put_bucket_versioning(Bucket="test-bucket", VersioningConfiguration={"Status": "Enabled"})
    return "test-bucket"


@pytest.fixture(scope="session")
def scripts(cloud: Cloud, bucket: str, role_arn: str) -> Scripts:
    """Jobs in the cloud whose programs are scripts of the tests."""
    return Scripts(cloud, bucket, role_arn, push(cloud.client, bucket, role_arn, "script-mode", IMAGE))


@pytest.fixture(scope="session")
def hosting(cloud: Cloud, bucket: str, role_arn: str) -> Hosting:
    """Endpoints in the cloud whose programs are scripts of the tests."""
    return Hosting(cloud, bucket, role_arn, push(cloud.client, bucket, role_arn, "serving", SERVING_IMAGE))


@pytest.fixture(scope="session")
def lambdas(cloud: Cloud, role_arn: str) -> Lambdas:
    """Lambda functions in the cloud, with a role that has all permissions."""
    return Lambdas(cloud, role_arn)


@pytest.fixture(scope="session")
def builders(cloud: Cloud, bucket: str, role_arn: str) -> Builders:
    """Build projects in the cloud, with a role that has all permissions."""
    return Builders(cloud, bucket, role_arn)


@pytest.fixture(scope="session")
def delivery(cloud: Cloud, bucket: str, role_arn: str) -> Delivery:
    """Pipelines in the cloud, with a role that has all permissions."""
    return Delivery(cloud, bucket, role_arn)


@pytest.fixture
def stack(hosting: Hosting, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack for this test, deleted after it."""
    created = Stack(hosting, request.node.name.replace("_", "-")[:60].strip("-"))
    yield created
    created.delete()


@pytest.fixture(scope="session")
def person(cloud: Cloud) -> dict[str, str]:
    """Credentials of a user who may assume every role that trusts the account."""
    iam = cloud.client("iam")
    iam.create_user(UserName="person")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="person", PolicyName="assumes", PolicyDocument=policy)
    key = iam.create_access_key(UserName="person")["AccessKey"]
    return {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}


@pytest.fixture
def acting(cloud: Cloud, person: dict[str, str]) -> Callable[[str, str], BaseClient]:
    """A client of a service under a role."""

    def client(service: str, role_arn: str) -> BaseClient:
        assumed = cloud.client("sts", person).assume_role(RoleArn=role_arn, RoleSessionName="tester")["Credentials"]
        return cloud.client(service, assumed)

    return client


@pytest.fixture(scope="module")
def transforms(hosting: Hosting) -> Transforms:
    return Transforms(hosting)
