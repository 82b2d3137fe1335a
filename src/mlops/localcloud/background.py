"""Work in the background that keeps the account and the region of the request that starts it."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def spawn(function: Callable[..., Any], *args: Any) -> threading.Thread:
    """Run a function on a separate thread."""
    run = contextvars.copy_context().run
    thread = threading.Thread(target=run, args=(function, *args), daemon=True, name=function.__name__)
    thread.start()
    return thread


def submit(executor: ThreadPoolExecutor, function: Callable[..., T], *args: Any) -> "Future[T]":
    """Like `executor.submit`."""
    return executor.submit(contextvars.copy_context().run, function, *args)
