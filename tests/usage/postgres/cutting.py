"""A way to the database that breaks: a TCP proxy which drops each connection after so many bytes in either direction."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Self


class CuttingProxy:
    """Listens on 127.0.0.1; to be closed.

    Args:
        port: where the server listens, on 127.0.0.1.
        allowance: asked for each new connection: after how many bytes to drop it, None for never.
    """

    def __init__(self, port: int, allowance: Callable[[], int | None]) -> None:
        self._target, self._allowance = port, allowance
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(30)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        left = [self._allowance()]
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=self._pump, args=(server, client, left), daemon=True)
            back.start()
            self._pump(client, server, left)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket, left: list[int | None]) -> None:
        try:
            while data := source.recv(65_536):
                with self._lock:
                    if left[0] is not None:
                        data, left[0] = data[: left[0]], left[0] - len(data)
                    over = left[0] is not None and left[0] <= 0
                    self.cuts += over
                if data:
                    sink.sendall(data)
                if over:
                    break
        except OSError:
            pass  # the other direction was cut, or either end has gone
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
