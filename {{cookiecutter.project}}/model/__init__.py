"""The model: what it sees (features), how it is made (train), judged (evaluate, baseline) and served (serving).

`python -m model train|serve|evaluate|baseline` is the container's entry point, under SageMaker's container contract.
"""
