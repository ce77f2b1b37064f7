"""LiteLLM's HTTP API, and nothing of Fased.

Building requests, reading streams, receipts and failures are pure functions; ``client`` has the two thin shells around
them, one blocking and one for asyncio.
"""
