"""Other libraries' way to the proxy, with what the config says of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx

from fased_litellm.paths import Paths
from fased_litellm.provider import LiteLLMProvider
from tests.servers import FaultServers, answer_json


def test_the_headers_of_the_config_go_along(fault_server: FaultServers, home: Path) -> None:
    server = fault_server(answer_json(200, {"data": []}))
    paths = Paths.from_env({"HOME": str(home)})
    paths.config.parent.mkdir(parents=True)
    entry = {
        "baseUrl": f"{server.url}/llm/v1",
        "models": [],
        "headers": {"X-Access": "sk-test-access"},
        "request": {"allowPrivateNetwork": True},
    }
    paths.config.write_text(json.dumps({"models": {"providers": {"litellm": entry}}}))

    async def models(provider: LiteLLMProvider) -> int:
        transport = provider.async_httpx_transport()
        async with httpx.AsyncClient(transport=transport, base_url=provider.base_url) as client:
            return (await client.get("/v1/models")).status_code

    with LiteLLMProvider.from_config(paths, {"HOME": str(home)}) as provider:
        with httpx.Client(transport=provider.httpx_transport(), base_url=provider.base_url) as client:
            assert client.get("/v1/models").json() == {"data": []}
        assert asyncio.run(models(provider)) == 200
    assert len(server.requests) == 2
    for request in server.requests:
        assert request.startswith(b"GET /llm/v1/models HTTP/1.1\r\n")
        assert b"x-access: sk-test-access" in request.lower()
