"""The hyperparameters that `train` takes, by LightGBM's own names."""

from mlops.container.hyperparameters import Hyperparameters, Integer, Real

HYPERPARAMETERS = Hyperparameters(
    {
        "num_iterations": Integer(minimum=1, maximum=2000),
        "early_stopping_round": Integer(minimum=1),
        "num_leaves": Integer(minimum=2, maximum=255),
        "learning_rate": Real(above=0, maximum=1),
        "min_data_in_leaf": Integer(minimum=1),
        "lambda_l2": Real(minimum=0),
        "cat_smooth": Real(minimum=0),
        "seed": Integer(minimum=0),
    }
)
problems = HYPERPARAMETERS.problems
MOST_INSTANCES = 1
