"""Repositories of other teams. Their own tests run in a generated repository, not here."""

collect_ignore = ["payments"]
