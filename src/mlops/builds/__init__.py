"""What the pipeline's builds run: `python -m mlops.builds.render`, `python -m mlops.builds.qa`."""
