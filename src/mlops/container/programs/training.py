"""Train a model, as a training job: `python -m mlops.container train`."""

from __future__ import annotations

from mlops import team
from mlops.container.directories import Container
from mlops.container.schema import save_schema
from mlops.errors import InputError


def train(container: Container) -> None:
    """Run the team's `train` and add features.json to the model. Raises InputError when there is no model."""
    target, features = team.features()
    most = team.hyperparameters().MOST_INSTANCES
    hosts = container.configuration("resourceconfig").get("hosts", ["algo-1"])
    if len(hosts) > most:
        raise InputError(
            f"resourceconfig: found {len(hosts)} hosts, allowed is {most}; set InstanceCount in configuration/trainingjob.json"
        )
    container.model.mkdir(parents=True, exist_ok=True)
    team.train()(container)
    if not any(container.model.iterdir()):
        raise InputError(
            f"model/train.py: train left no file in {container.model}; allowed is a model that Predictor loads"
        )
    save_schema(container.model, features, target)
