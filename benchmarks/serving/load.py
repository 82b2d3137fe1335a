"""Closed-loop load: so many connections, each sends its next request when the last one is answered.

Raw sockets and ready-made bytes, because an HTTP client in Python is slower than the server that is measured. What
this generator costs (one core's worth at most) is taken from both servers alike, and from the faster one more.
"""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass


@dataclass
class _Connection:
    socket: socket.socket
    received: bytearray
    unsent: memoryview


def throughput(port: int, body: bytes, connections: int, seconds: float) -> float:
    """Answered requests per second with `text/csv` bodies. Raises RuntimeError for any answer that is not a 200."""
    head = f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    answered = 0
    with selectors.DefaultSelector() as selector:
        clients = []
        for _ in range(connections):
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setblocking(False)
            connection = _Connection(client, bytearray(), memoryview(request))
            selector.register(client, selectors.EVENT_WRITE, connection)
            clients.append(client)
        begin = time.perf_counter()
        while (now := time.perf_counter()) < begin + seconds:
            for key, events in selector.select(timeout=1):
                connection = key.data
                if events & selectors.EVENT_READ:
                    if not _receive(connection):
                        continue
                    answered += 1
                    connection.unsent = memoryview(request)
                wanted = selectors.EVENT_READ if _send(connection) else selectors.EVENT_WRITE
                if wanted != key.events:
                    selector.modify(key.fileobj, wanted, connection)
        for client in clients:
            client.close()
    return answered / (now - begin)


def _send(connection: _Connection) -> bool:
    """Send what fits; True when all of the request is out."""
    try:
        sent = connection.socket.send(connection.unsent)
    except BlockingIOError:
        return False
    connection.unsent = connection.unsent[sent:]
    return not connection.unsent


def _receive(connection: _Connection) -> bool:
    """Receive the bytes that have arrived; True when the response is complete."""
    part = connection.socket.recv(1 << 18)
    received = connection.received
    received += part
    end = received.find(b"\r\n\r\n")
    if end < 0 and part:
        return False
    if not part or not received.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"not answered with 200: {bytes(received[:500])!r}")
    head = bytes(received[:end]).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    if len(received) < end + 4 + length:
        return False
    received.clear()
    return True
