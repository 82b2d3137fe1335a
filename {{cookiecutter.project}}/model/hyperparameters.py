"""The hyperparameters that `train` takes, by XGBoost's own names. Their values are in configuration/trainingjob.json."""

from mlops.container.hyperparameters import Choice, Hyperparameters, Integer, Real

HYPERPARAMETERS = Hyperparameters(
    {
        "objective": Choice(("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror")),
        "eval_metric": Choice(("rmse", "mae")),  # on validation, picks the best round
        "num_round": Integer(minimum=1, maximum=10_000),
        "early_stopping_rounds": Integer(minimum=1),
        "checkpoint_rounds": Integer(minimum=1),  # rounds between two checkpoints
        "max_depth": Integer(minimum=1, maximum=20),
        "eta": Real(above=0, maximum=1),
        "gamma": Real(minimum=0),
        "min_child_weight": Real(minimum=0),
        "subsample": Real(above=0, maximum=1),
        "colsample_bytree": Real(above=0, maximum=1),
        "lambda": Real(minimum=0),
        "alpha": Real(minimum=0),
        "max_bin": Integer(minimum=2, maximum=65_535),
        "seed": Integer(minimum=0, maximum=2**30),
    }
)
OURS = ("eval_metric", "num_round", "early_stopping_rounds", "checkpoint_rounds")
"""Used by `train`; the others go to XGBoost."""

problems = HYPERPARAMETERS.problems
MOST_INSTANCES = 1
