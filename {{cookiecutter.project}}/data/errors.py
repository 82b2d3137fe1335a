"""What can be wrong with trips that somebody hands in."""


class DataError(ValueError):
    """Input that no data set can be made of; the message is for people: what, found, allowed."""
