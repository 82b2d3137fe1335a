"""Jobs: training, processing, hyperparameter tuning."""
