"""Resolves the host names of a job's instances, as the network of a training cluster does.

Python imports it at the start of a job's program. This machine cannot resolve the names, so the program's sockets look
them up here first. Programs in other languages need them in /etc/hosts.
"""

import functools
import json
import os
import socket
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

_addresses = json.loads(os.environ.get("SAGEMAKER_CLUSTER_ADDRESSES", "{}"))


def _address(host: Any) -> Any:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return _addresses.get(name, host) if isinstance(name, str) else host


def _looking_up(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(host: Any, *args: Any, **named: Any) -> Any:
        return function(_address(host), *args, **named)

    return call


def _taking_addresses(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and address:
            address = (_address(address[0]), *address[1:])
        return method(self, address)

    return call


for _name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, _name, _looking_up(getattr(socket, _name)))
for _name in ("bind", "connect", "connect_ex"):
    setattr(socket.socket, _name, _taking_addresses(getattr(socket.socket, _name)))

# The installation may have its own module of this name.
sys.path[:] = [path for path in sys.path if Path(path) != Path(__file__).parent]
_own = PathFinder.find_spec("sitecustomize", sys.path)
if _own and _own.loader:
    _own.loader.exec_module(module_from_spec(_own))
