"""Invocations of an alias are in flight from the moment that it routes them to a version."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import until

from mlops.localcloud.ministack import lambda_aliases

ALIAS = "arn:aws:lambda:us-east-1:000000000000:function:fares:live"
Invocation = Callable[[Any, Any], Any]


class Held:
    """Stands in for ministack between an alias's routing and a worker, as on a machine that is slow to start threads."""

    def __init__(self) -> None:
        self.reached, self.may_end = Event(), Event()

    async def invoke(self, name: str, event: Any, headers: dict, path_qualifier: str | None, query_params: Any) -> None:
        self._wait()

    async def call(self, function_ref: str, event: Any, **scope: Any) -> tuple[None, None]:
        from ministack.services import lambda_svc

        lambda_svc._get_func_record_for_ref_in_scope(function_ref, **scope)
        self._wait()
        return None, None

    @contextmanager
    def until_end_of_block(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.may_end.set()

    def _wait(self) -> None:
        self.reached.set()
        assert self.may_end.wait(300)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    from ministack.services import apigateway_v1, lambda_svc

    found = Held()
    config = {"FunctionName": "fares", "FunctionArn": ALIAS, "Version": "1", "Timeout": 300}
    function = {"versions": {"1": {"config": config}}, "aliases": {"live": {"FunctionVersion": "1"}}, "config": config}
    monkeypatch.setattr(lambda_svc, "_functions", {"fares": function})
    monkeypatch.setattr(
        lambda_svc, "_get_func_record_for_ref_in_scope", lambda ref, **scope: (function, config, "fares")
    )
    monkeypatch.setattr(lambda_svc, "_invoke", found.invoke)
    monkeypatch.setattr(apigateway_v1, "_call_lambda_raw", found.call)
    lambda_aliases.route_by_alias_weight()
    return found


@pytest.mark.parametrize(
    "invocation",
    [
        pytest.param(lambda functions, apis: functions._invoke("fares", {}, {}, "live"), id="Invoke"),
        pytest.param(lambda functions, apis: apis._call_lambda_raw(ALIAS, {}), id="API"),
    ],
)
def test_an_invocation_that_no_worker_has_yet_is_waited_for(held: Held, invocation: Invocation) -> None:
    from ministack.services import apigateway_v1, lambda_svc

    async def invoke() -> None:
        await invocation(lambda_svc, apigateway_v1)

    with ThreadPoolExecutor() as pool, held.until_end_of_block():
        pool.submit(asyncio.run, invoke())
        until(held.reached.is_set)
        waited = pool.submit(lambda_aliases.await_invocations, "fares", "1")
        with pytest.raises(TimeoutError):
            waited.result(timeout=0.5)
    waited.result()


def test_nothing_is_waited_for_after_an_invocation(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import lambda_svc

    held.may_end.set()
    asyncio.run(lambda_svc._invoke("fares", {}, {}, "live"))
    waits: list[float] = []
    # A wait ends after the time-out of the function, which begins at the first look.
    clock = iter((0.0, 0.0, 1000.0))
    monkeypatch.setattr(lambda_aliases, "time", SimpleNamespace(sleep=waits.append, monotonic=lambda: next(clock)))
    lambda_aliases.await_invocations("fares", "1")
    assert waits == []
