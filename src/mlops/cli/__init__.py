"""The `mlops` command. Starting it imports click and nothing heavier: each command imports what it needs."""

import click

from mlops.cli.group import Group

_COMMANDS = {
    "local": "mlops.cli.local:local",
    "data": "mlops.cli.data:data",
    "bootstrap": "mlops.cli.bootstrap:bootstrap",
    "deploy": "mlops.cli.deploy:deploy",
    "start": "mlops.cli.start:start",
    "watch": "mlops.cli.watch:watch",
    "stop": "mlops.cli.stop:stop",
    "approve": "mlops.cli.approval:approve",
    "reject": "mlops.cli.approval:reject",
    "rollback": "mlops.cli.rollback:rollback",
    "destroy": "mlops.cli.destroy:destroy",
    "status": "mlops.cli.status:status",
    "logs": "mlops.cli.logs:logs",
    "invoke": "mlops.cli.invoke:invoke",
    "report": "mlops.cli.report:report",
}


@click.group(cls=Group, commands=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Release the model of this repository: train, evaluate, test, approve, put into production.

    The commands call AWS, or the local cloud where AWS_ENDPOINT_URL names it. `mlops local run` does all of
    it on this machine.

    Exit codes: 0 done, 1 the pipeline said no, 2 the input is wrong.
    """
