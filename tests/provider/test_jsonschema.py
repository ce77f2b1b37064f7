from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from fased_litellm.context import CallContext
from fased_litellm.errors import ConfigSyntaxError, FasedError, MissingKey, ProxyError
from fased_litellm.proxy.receipt import Attempt, Receipt
from fased_litellm.proxy.reply import Reply, ToolCall
from fased_litellm.proxy.tokens import TokenUsage
from fased_litellm.schemas import schemas

FULL = Receipt(
    call_id="c",
    model="litellm/default",
    model_group="default",
    deployment_id="d",
    served_model="openai/gpt-5.5",
    retries=1,
    fallbacks=0,
    attempts=(Attempt("litellm/strong", ok=False, cause="timeout"), Attempt("litellm/default", ok=True)),
    usage=TokenUsage(10, 20, 1, 2, 3),
    cost_usd=Decimal("0.00065"),
    cost_source="header",
    proxy_version="1.106.2",
    latency_ms=12.1,
    time_to_first_token_ms=9.8,
    proxy_overhead_ms=2.0,
)


def document(receipt: Receipt) -> dict[str, Any]:
    reply = Reply("Hello", None, (ToolCall(None, "f", "{}"),), "stop", receipt)
    return {**reply.as_dict(), "context": CallContext(task="digest").as_dict()}


def check(name: str, value: Any) -> None:
    jsonschema.validate(value, schemas()[name], cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("receipt", [FULL, Receipt("c", "litellm/default")])
def test_a_chat_result_is_as_the_schema_says(receipt: Receipt) -> None:
    check("chat-result.schema.json", document(receipt))


@pytest.mark.parametrize("name", ["text", "context", "receipt"])
def test_nothing_may_be_missing(name: str) -> None:
    value = document(FULL)
    del value[name]
    with pytest.raises(jsonschema.ValidationError):
        check("chat-result.schema.json", value)


def test_every_field_is_named_in_the_schema() -> None:
    schema = schemas()["chat-result.schema.json"]
    assert set(document(FULL)) == set(schema["properties"])
    assert set(FULL.as_dict()) == set(schema["$defs"]["ReceiptPart"]["properties"])
    with pytest.raises(jsonschema.ValidationError):
        check("chat-result.schema.json", {**document(FULL), "more": 1})


@pytest.mark.parametrize(
    "error",
    [
        FasedError("m"),
        MissingKey("m", hint="h"),
        ProxyError("m", cause="c", origin="caller-key", hint="h", status=400),
        ConfigSyntaxError("r", path="p", line=1, column=2, source_line="s"),
    ],
)
def test_errors_are_as_the_schema_says(error: FasedError) -> None:
    check("error.schema.json", {"error": error.as_dict()})
