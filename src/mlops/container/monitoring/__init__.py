"""Captured requests and answers of an endpoint, compared with the baseline of the training data.

Memory does not grow with the number of records: columns are kept as summaries, predictions for ground truth up to a limit.
"""
