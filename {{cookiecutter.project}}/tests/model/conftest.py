from jobs import dataset, trained

__all__ = ["dataset", "trained"]
