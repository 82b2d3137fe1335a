"""The `mlops` command. Its list of commands imports click and nothing heavier; each command imports what it needs."""

import click

from mlops.cli.group import Group

_COMMANDS = {
    "local": ("mlops.cli.local:local", "AWS's services on this machine, without an account."),
    "data": ("mlops.cli.data:data", "The data set that the model is trained and tested on."),
    "check": ("mlops.cli.check:check", "Try model/, data/ and configuration/ on the sample."),
    "doctor": ("mlops.cli.doctor:doctor", "Check credentials, account, GitHub and stacks."),
    "init": ("mlops.cli.init:init", "Put this repository on GitHub, ready to release."),
    "bootstrap": ("mlops.cli.bootstrap:bootstrap", "Create the roles of this repository's GitHub workflows."),
    "deploy": ("mlops.cli.deploy:deploy", "Create or update the pipeline."),
    "start": ("mlops.cli.start:start", "Start a release of this code and data."),
    "watch": ("mlops.cli.watch:watch", "Show an execution until it ends."),
    "stop": ("mlops.cli.stop:stop", "Stop an execution and wait for its end."),
    "approve": ("mlops.cli.approval:approve", "Let a release go to production."),
    "reject": ("mlops.cli.approval:reject", "Keep a release from production."),
    "rollback": ("mlops.cli.rollback:rollback", "Put the previous model package back into production."),
    "destroy": ("mlops.cli.destroy:destroy", "Delete all stacks of this repository, with their data."),
    "status": ("mlops.cli.status:status", "Show what runs, production, and active alarms."),
    "cost": ("mlops.cli.cost:cost", "Show the cost on AWS and the time of a release."),
    "history": ("mlops.cli.history:history", "List what was in production."),
    "show": ("mlops.cli.version:version", "Show what a version was made from, and who approved it."),
    "compare": ("mlops.cli.compare:compare", "Show in what two versions differ."),
    "track": ("mlops.cli.track:track", "Write an execution to MLflow."),
    "logs": ("mlops.cli.logs:logs", "Print the log of an action, a job, an endpoint or a function."),
    "invoke": ("mlops.cli.invoke:invoke", "Get predictions from an endpoint."),
    "batch": ("mlops.cli.batch:batch", "Score a data set with the model in production."),
    "monitor": ("mlops.cli.monitor:monitor", "Compare captured requests with the baseline now; open the report."),
    "report": ("mlops.cli.report:report", "Write the report of an execution."),
}


@click.group(cls=Group, commands=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Release the model of this repository: train, evaluate, test, approve, put into production.

    The commands call AWS, or the local cloud where AWS_ENDPOINT_URL names it. `mlops local run` does all of
    it on this machine.

    Exit codes: 0 done, 1 the pipeline refused or failed, 2 the input is wrong.
    """
