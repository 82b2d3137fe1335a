"""What can be wrong with the source of a data set."""


class DataError(ValueError):
    """Input that no data set can be made of; the message is for people: what, found, allowed."""
