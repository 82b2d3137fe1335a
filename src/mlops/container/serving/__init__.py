"""The model behind HTTP, under SageMaker's contract for inference containers."""

from mlops.container.serving.server import serve

__all__ = ["serve"]
