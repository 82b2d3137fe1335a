"""What runs in the image: training, evaluation, baseline and serving around a team's `model`, and toolkit for it.

A team's code may import from `mlops.contract`, and of this package `booster`, `checkpoints`, `dataset`,
`hyperparameters` and `schema`.
"""
