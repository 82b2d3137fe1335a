"""What runs in the image (`python -m mlops.container`), and the toolkit that a team's `model` may import.

The toolkit: `booster`, `checkpoints`, `dataset`, `hyperparameters` and `schema`. Everything else that a team needs is in
`mlops.contract`.
"""
