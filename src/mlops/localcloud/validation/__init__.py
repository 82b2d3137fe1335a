"""Checks of requests and resources before ministack handles them, and what the local cloud does not implement."""
