"""A small stand-in for a LiteLLM proxy: the three routes about models, one key, and a count of what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "sk-test-right-0001"
MODE = {"mode": "chat"}


class StandIn:
    """Serves ``models`` (id, or id and mode) to whoever has ``key``; use it in ``with``."""

    def __init__(self, models: Sequence[str | tuple[str, str]], *, key: str = KEY, single: bool = False) -> None:
        self.rows = [(item, "chat") if isinstance(item, str) else item for item in models]
        self.key, self.single = key, single
        self.asked: list[str] = []
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                standin.asked.append(self.path)
                status, body = standin.answer(self.path.partition("?")[0], self.headers.get("authorization"))
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, authorization: str | None) -> tuple[int, Any]:
        if authorization != f"Bearer {self.key}":
            message = "Authentication Error, Invalid proxy server token passed. Received API Key = sk-...wxyz"
            return 401, {"error": {"message": message, "type": "token_not_found_in_db", "code": "401"}}
        if path == "/v1/models":
            return 200, {"data": [{"id": name, "object": "model"} for name, _ in self.rows], "object": "list"}
        if path == "/model_group/info":
            groups = [] if self.single else [{"model_group": name, "mode": mode} for name, mode in self.rows]
            return 200, {"data": groups}
        if path == "/model/info":
            info = {"max_input_tokens": 8000, "max_output_tokens": 1000, "supports_vision": None}
            rows = [{"model_name": name, "model_info": {**info, "mode": mode}} for name, mode in self.rows]
            return 200, {"data": {**rows[0], "model_name": "*"} if self.single else rows}
        return 404, {"detail": "Not Found"}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
