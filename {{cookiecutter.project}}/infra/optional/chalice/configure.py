"""Writes .chalice/ for the app beside this file: the endpoint's name, and a role that may call only that endpoint.

Run it again after a change of configuration/project.json: python infra/optional/chalice/configure.py
"""

import json
import sys
from pathlib import Path

import botocore.session
import yaml

HERE = Path(__file__).resolve().parent
CONFIGURATION = HERE.parents[2] / "configuration"


def main() -> None:
    project = json.loads((CONFIGURATION / "project.json").read_text())
    production = yaml.safe_load((CONFIGURATION / "production.yml").read_text())
    if production["clients_call"] != "endpoint":
        sys.exit(
            f"configuration/production.yml: clients_call: found {production['clients_call']}; allowed here: endpoint. "
            "With api, the repository has its own API, and each release an endpoint of another name."
        )
    app, region = f"{project['project']}-chalice", project["region"]
    endpoint = f"{project['project']}--{project['model']}-production"
    partition = botocore.session.Session().get_partition_for_region(region)
    log = f"arn:{partition}:logs:{region}:*:log-group:/aws/lambda/{app}-*"
    statements = [
        ("sagemaker:InvokeEndpoint", f"arn:{partition}:sagemaker:{region}:*:endpoint/{endpoint}"),
        ("logs:CreateLogGroup", log),
        ("logs:CreateLogStream", f"{log}:*"),
        ("logs:PutLogEvents", f"{log}:*"),
    ]
    allowed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    configuration = {
        "version": "2.0",
        "app_name": app,
        "environment_variables": {"ENDPOINT_NAME": endpoint},
        "autogen_policy": False,
        "iam_policy_file": "policy.json",
        "lambda_timeout": 30,
        "lambda_memory_size": 256,
        "tags": {"project": project["project"]},
        "stages": {"production": {"api_gateway_stage": "v1"}},
    }
    folder = HERE / ".chalice"
    folder.mkdir(exist_ok=True)
    write(folder / "config.json", configuration)
    write(folder / "policy.json", {"Version": "2012-10-17", "Statement": allowed})
    print(f"The app {app} calls the endpoint {endpoint}.")


def write(file: Path, value: dict) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main()
