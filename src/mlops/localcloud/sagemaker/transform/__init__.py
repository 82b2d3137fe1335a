"""Batch transform: the objects of an input are split into requests to the model's container, and its answers put together."""
