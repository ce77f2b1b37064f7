"""Starts that fail: what stands in the proxy's log."""

from __future__ import annotations

from .case import Case

CASES = (
    Case(
        "start-without-master-key",
        "`litellm --config …` without a master key",
        None,
        None,
        "LiteLLM proxy refused to start: no master key is set",
        "start-master-key",
        "start",
        since="1.104",
        earlier="start, and take any key or none",
    ),
    Case(
        "start-with-empty-master-key",
        '`LITELLM_MASTER_KEY=""`',
        None,
        None,
        "LiteLLM proxy refused to start: the master key is empty",
        "start-master-key",
        "start",
        since="1.104",
        earlier="start, and take any key or none",
    ),
    Case(
        "start-with-public-master-key",
        "the master key `sk-1234`, which stands in many examples",
        None,
        None,
        "LiteLLM proxy refused to start: the master key is a publicly known default",
        "start-master-key",
        "start",
        since="1.104",
        earlier="start",
    ),
)
