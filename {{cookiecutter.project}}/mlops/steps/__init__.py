"""What the pipeline's builds run: `python -m mlops.steps.render`, `python -m mlops.steps.qa`."""
