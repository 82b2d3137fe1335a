"""The model registry: model packages and their groups."""
