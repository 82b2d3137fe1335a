from mlops.container.hyperparameters import Hyperparameters, Real

HYPERPARAMETERS = Hyperparameters({"sharpness": Real(above=0)})
problems = HYPERPARAMETERS.problems
MOST_INSTANCES = 1
