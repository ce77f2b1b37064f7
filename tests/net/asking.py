"""One request through a transport of its own, in the blocking and in the asyncio way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from fased_litellm.net.messages import Request, Response
from fased_litellm.net.transport import AsyncTransport, Transport

KEY = "sk-test-1"
GET = Request("GET", "/v1/models", {"authorization": f"Bearer {KEY}", "x-team": "secret team", "accept": "*/*"})
POST = Request("POST", "/v1/chat/completions", {"authorization": f"Bearer {KEY}"}, b'{"a": 1}')


def ask(url: str, request: Request = GET, *, allow_private_network: bool = True) -> Response:
    transport = Transport(url, allow_private_network=allow_private_network)
    try:
        return transport.send(request)
    finally:
        transport.close()


def ask_async(url: str, request: Request = GET, *, allow_private_network: bool = True) -> Response:
    async def run() -> Response:
        transport = AsyncTransport(url, allow_private_network=allow_private_network)
        try:
            return await transport.send(request)
        finally:
            await transport.aclose()

    return asyncio.run(run())


both = pytest.mark.parametrize("send", [ask, ask_async])
"""Runs a test in both ways."""


class Resolver:
    """A resolver that tells what a test wants it to: for each name the answers to the first question, the second, …"""

    def __init__(self, names: Mapping[str, list[list[str]]]) -> None:
        self.names = {name: list(answers) for name, answers in names.items()}
        self.asked: list[str] = []
        self._real = socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.names:
            if name.replace(".", "").isdigit() or ":" in name:
                return self._real(host, port, *rest, **more)
            raise socket.gaierror(socket.EAI_NONAME, "unknown to this test")
        self.asked.append(name)
        answers = self.names[name]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]
