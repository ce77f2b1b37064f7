"""A small stand-in for a LiteLLM proxy with spend rows, for what a real one cannot be made to show: a row with no price, silence."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

MASTER = "sk-test-master-0001"


def spend_row(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    """A row as ``/spend/logs/v2`` has it, of a call with the master key."""
    return {
        "request_id": f"chatcmpl-{number}",
        "litellm_call_id": f"00000000-0000-4000-8000-{number:012}",
        "api_key": "litellm_proxy_master_key",
        "startTime": at.isoformat(timespec="milliseconds"),
        "endTime": at.isoformat(timespec="milliseconds"),
        "spend": 0.00065,
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "total_tokens": 30,
        "model": "openai/gpt-5.5",
        "model_group": "default",
        "status": "success",
        "request_tags": [],
        "metadata": {},
        **changes,
    }


class SpendProxy:
    """Answers as LiteLLM does to its master key; use it in ``with``.

    Attributes:
        rows: its spend rows.
        silent: the paths that are never answered.
        then: called each time before rows are given.
    """

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)
        self.silent: set[str] = set()
        self.then: Any = lambda: None
        self._ended = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path in proxy.silent:
                    proxy._ended.wait(60)
                    return
                status, body = proxy.answer(path, parse_qs(urlsplit(self.path).query))
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

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        if path == "/key/info":
            return 404, {"error": {"message": "Key not found in database", "type": "not_found", "code": "404"}}
        if path == "/key/list":
            return 200, {"keys": []}
        if path == "/spend/logs/v2":
            self.then()
            begin, end = (
                datetime.fromisoformat(query[name][0]).replace(tzinfo=UTC) for name in ("start_date", "end_date")
            )
            wanted = query.get("api_key", [""])[0]
            rows = [row for row in self.rows if begin <= datetime.fromisoformat(row["startTime"]) <= end]
            rows = [row for row in rows if not wanted or row["api_key"] == wanted]
            return 200, {"data": rows, "total": len(rows), "total_pages": 1}
        return 404, {"detail": "Not Found"}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
