"""What `python -m mlops.container` runs, besides serving."""
