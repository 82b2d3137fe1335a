"""The model: what it sees (features), how it is trained (train, hyperparameters), how it predicts (predictor)."""
