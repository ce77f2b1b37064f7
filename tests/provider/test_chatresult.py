from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from fased_litellm.context import CallContext
from fased_litellm.errors import (
    BudgetExceeded,
    ConfigInvalid,
    ConfigSyntaxError,
    FasedError,
    FilterError,
    Issue,
    KeyringError,
    MissingKey,
    MissingVariable,
    ProxyError,
    StreamInterrupted,
)
from fased_litellm.provider.chatresult import chat_result
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
    return {**chat_result(reply, CallContext(task="digest"))}


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
        ConfigInvalid("p", [Issue("a.b", "is wrong")]),
        MissingVariable(Issue("a.b", "m"), "KEY", hint="h"),
        FilterError("no such name", 0),
        KeyringError("m", trouble="locked"),
        StreamInterrupted("m", cause="c", partial=Reply("He", None, (ToolCall("1", "f", "{"),), None, FULL)),
        BudgetExceeded(
            "m",
            hint="h",
            budget=1,
            scope="all calls",
            period="day",
            limit_usd=Decimal(2),
            spent_usd=Decimal(1),
            reserved_usd=Decimal(1),
            resets_at="2026-11-23T00:00:00Z",
        ),
    ],
)
def test_errors_are_as_the_schema_says(error: FasedError) -> None:
    check("error.schema.json", {"error": error.as_dict()})
    named = schemas()["error.schema.json"]["$defs"]["ErrorPart"]["properties"]
    assert set(error.as_dict()) <= set(named)
