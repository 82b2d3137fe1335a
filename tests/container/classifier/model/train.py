"""The mean of each species; the nearer a mean, the more probable is its species."""

import numpy as np

from mlops.container.dataset import read
from mlops.contract import Container
from model.features import FEATURES, TARGET
from model.hyperparameters import HYPERPARAMETERS


def train(container: Container) -> None:
    hyperparameters = HYPERPARAMETERS.parse(container.configuration("hyperparameters"))
    data = read(container.channel("train"), FEATURES, TARGET)
    means = [np.nanmean(data.features[data.target == label], axis=0) for label in range(len(TARGET.values))]
    spread = np.nanstd(data.features, axis=0) + 1e-6
    folder = container.model / "nested"
    folder.mkdir()
    np.savez(folder / "means.npz", means=means, spread=spread, sharpness=hyperparameters["sharpness"])
