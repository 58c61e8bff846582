"""The service on a port of this machine, and on no other: started, waited for, and ended with everything put away."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from archnb.exceptions import ArchnbError
from archnb.serve.application import Service

HOST = "127.0.0.1"


def run(
    service: Service, port: int = 0, told: Callable[[str], None] = print, tell: Callable[[str], None] = print
) -> None:
    """Serve until an interrupt or a request to end. Port 0 is any that is free; `told` gets the address once it is bound,
    `tell` what the workers do and what is left to the owner.

    Raises ArchnbError where the port is taken.
    """
    import uvicorn

    with _bind(port) as bound, _ending():
        told(f"http://{HOST}:{bound.getsockname()[1]}")
        service.tell = tell
        server = uvicorn.Server(uvicorn.Config(service.app, log_level="warning", lifespan="off", server_header=False))
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(service, server, bound))


async def _serve(service: Service, server: Any, bound: socket.socket) -> None:
    """Answer requests, and let the workers work beside, until the server ends."""
    working = asyncio.create_task(service.workers.run())
    try:
        await server.serve(sockets=[bound])
    finally:
        working.cancel()


@contextmanager
def _bind(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, port))
        except OSError as error:
            raise ArchnbError(
                f"Port {port} of {HOST} cannot be used: {error.strerror}. Next: another one, or --port 0 for any."
            ) from None
        yield bound


@contextmanager
def _ending() -> Iterator[None]:
    """Let a request to end come as an interrupt does, so that a started engine and its files are put away in every case.

    The server takes the signal first, ends, and raises it again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


__all__ = ["HOST", "run"]
