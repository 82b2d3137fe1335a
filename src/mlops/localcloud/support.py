"""Rejects unsupported request fields by name, instead of silently ignoring them."""

from typing import Any

from mlops.localcloud.errors import not_implemented

ANY = None


def refuse_others(operation: str, request: dict, supported: dict) -> None:
    """Refuse what `supported` does not list, by its path in the request.

    `supported` mirrors the request: a dict lists the members of a structure (of each item, where the request has a
    list), a set the supported values, ANY accepts every value that AWS accepts.
    Raises AWSError NotImplemented, for example "… CreateTrainingJob with InputDataConfig[0].InputMode=Pipe".
    """
    refused = _first_unsupported(request, supported, "")
    if refused:
        raise not_implemented(f"The local cloud does not implement {operation} with {refused}")


def _first_unsupported(value: Any, supported: Any, path: str) -> str | None:
    if isinstance(supported, dict) and isinstance(value, list):
        found = (_first_unsupported(item, supported, f"{path}[{index}]") for index, item in enumerate(value))
        return next(filter(None, found), None)
    if isinstance(supported, dict):
        for name, item in value.items():
            inner = f"{path}.{name}" if path else name
            if name not in supported:
                return inner
            refused = _first_unsupported(item, supported[name], inner)
            if refused:
                return refused
    if isinstance(supported, set) and value not in supported:
        return f"{path}={value}"
    return None
